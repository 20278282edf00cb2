#version 450
// Merge of split-K partial results: out = sum_g a_g exp(M_g - M) / sum_g S_g exp(M_g - M), one workgroup per row.
// Source: mlx-native, flash_attn_vec.metal; the layout of tmp is in flash_attn_vec_reduce.c.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/attention/flash_attn_vec_reduce/flash_attn_vec_reduce.def"

layout(constant_id = 1000) const uint WG = 64;
layout(local_size_x_id = 1000) in;
layout(binding = 0) readonly buffer BufTmp { float tmp[]; };
layout(binding = 0) readonly buffer BufTmp4 { vec4 tmp4[]; };
layout(binding = 1) writeonly buffer BufOut { vec4 result[]; };
shared float factor[32], sum[32];    // per group: exp(M_g - M), and that times S_g

const float NEG_BIG = -1.7014117e38; // M of a group without keys

void main()
{
    const uint t = gl_LocalInvocationID.x, r = gl_WorkGroupID.x, sm = (p.nrows * BD + 2 * r) * p.nwg;
    float m = NEG_BIG, z = 0.0;

    for (uint g = 0; g < p.nwg; g++) m = max(m, tmp[sm + 2 * g + 1]);
    if (t < p.nwg) {
        const float mine = tmp[sm + 2 * t + 1];
        factor[t] = mine == m ? 1.0 : exp(mine - m);
        sum[t] = tmp[sm + 2 * t] * factor[t];
    }
    barrier();
    for (uint g = 0; g < p.nwg; g++) z += sum[g];
    const float unit = z == 0.0 ? 0.0 : 1.0 / z;
    for (uint u = t; u < BD / 4; u += WG) {
        const uint a = (r * (BD / 4) + u) * p.nwg;
        vec4 o = vec4(0);
        for (uint g = 0; g < p.nwg; g++) o += tmp4[a + g] * factor[g];
        result[r * (BD / 4) + u] = o * unit;
    }
}
