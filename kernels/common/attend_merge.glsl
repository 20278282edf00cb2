// Merge of split-K partial results of row r by one workgroup of WG >= 32 work items:
//     M = max_g M_g, e_g = exp(M_g - M), Z = sum_g S_g e_g, out = Z == 0 ? 0 : sum_g a_g e_g / Z
// At most 32 groups; the layout of tmp is in attend_split.glsl.
#extension GL_EXT_control_flow_attributes : require
#include "kernels/common/mxb.glsl"

layout(constant_id = 1000) const uint WG = 64;
layout(local_size_x_id = 1000) in;
layout(binding = 0) readonly buffer BufTmp { float tmp[]; };
layout(binding = 0) readonly buffer BufTmp4 { vec4 tmp4[]; };
layout(binding = 1) writeonly buffer BufOut { vec4 result[]; };
shared float factor[32], sum[32];    // per group: e_g, S_g e_g

// Fills factor and sum and returns the factor 1 / Z of the row.  The whole workgroup must call it.
float attend_merge_factors(uint r, uint rows, uint groups, uint d)
{
    const uint t = gl_LocalInvocationID.x, sm = (rows * d + 2 * r) * groups;
    float m = -1.7014117e38, z = 0.0;            // M of a group without keys

    if (t < groups) {
        factor[t] = tmp[sm + 2 * t + 1];
        sum[t] = tmp[sm + 2 * t];
    }
    barrier();
    for (uint g = 0; g < groups; g++) m = max(m, factor[g]);
    barrier();                       // everyone has read the maxima
    if (t < groups) {
        const float mine = factor[t];
        factor[t] = mine == m ? 1.0 : exp(mine - m);
        sum[t] *= factor[t];
    }
    barrier();
    for (uint g = 0; g < groups; g++) z += sum[g];
    return z == 0.0 ? 0.0 : 1.0 / z;
}

// Columns 4u .. 4u + 3 of the row.
vec4 attend_merge_columns(uint r, uint groups, uint d, uint u, float unit)
{
    const uint a = (r * (d / 4) + u) * groups;
    vec4 o = vec4(0);
    uint g = 0;
    for (; g + 8 <= groups; g += 8) {            // eight loads are under way at a time
        vec4 x[8];
        [[unroll]] for (uint k = 0; k < 8; k++) x[k] = tmp4[a + g + k];
        [[unroll]] for (uint k = 0; k < 8; k++) o += x[k] * factor[g + k];
    }
    for (; g < groups; g++) o += tmp4[a + g] * factor[g];
    return o * unit;
}

void attend_merge(uint r, uint rows, uint groups, uint d)
{
    const float unit = attend_merge_factors(r, rows, groups, d);
    for (uint u = gl_LocalInvocationID.x; u < d / 4; u += WG)
        result[r * (d / 4) + u] = attend_merge_columns(r, groups, d, u, unit);
}
