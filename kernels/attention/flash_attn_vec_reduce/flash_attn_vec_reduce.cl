// Merge of split-K partial results: out = sum_g a_g exp(M_g - M) / sum_g S_g exp(M_g - M), one workgroup per row.
// Source: mlx-native, flash_attn_vec.metal; the layout of tmp is in flash_attn_vec_reduce.c.
#include "kernels/common/mxb.cl.h"
#include "kernels/attention/flash_attn_vec_reduce/flash_attn_vec_reduce.def"

#define NEG_BIG -1.7014117e38f       // M of a group without keys

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void flash_attn_vec_reduce(__global const float4 *tmp, __global float4 *out, const struct flash_attn_vec_reduce_params p)
{
    __local float factor[32], sum[32];           // per group: exp(M_g - M), and that times S_g
    const uint t = (uint)get_local_id(0), r = (uint)get_group_id(0);
    __global const float *sm = (__global const float *)tmp + (p.nrows * BD + 2 * r) * p.nwg;
    float m = NEG_BIG, z = 0.0f;

    for (uint g = 0; g < p.nwg; g++) m = fmax(m, sm[2 * g + 1]);
    if (t < p.nwg) {
        const float mine = sm[2 * t + 1];
        factor[t] = mine == m ? 1.0f : exp(mine - m);
        sum[t] = sm[2 * t] * factor[t];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint g = 0; g < p.nwg; g++) z += sum[g];
    const float unit = z == 0.0f ? 0.0f : 1.0f / z;
    for (uint u = t; u < BD / 4; u += WG) {
        __global const float4 *a = tmp + (r * (BD / 4) + u) * p.nwg;
        float4 o = 0.0f;
        for (uint g = 0; g < p.nwg; g++) o += a[g] * factor[g];
        out[r * (BD / 4) + u] = o * unit;
    }
}
