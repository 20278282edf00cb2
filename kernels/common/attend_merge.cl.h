// Merge of split-K partial results of row r by one workgroup of WG >= 32 work items:
//     M = max_g M_g, e_g = exp(M_g - M), Z = sum_g S_g e_g, out = Z == 0 ? 0 : sum_g a_g e_g / Z
// At most 32 groups; the layout of tmp is in attend_split.cl.h.
#include "kernels/common/mxb.cl.h"

struct merge_local { float factor[32], sum[32]; };           // per group: e_g, S_g e_g

// Fills w and returns the factor 1 / Z of the row.  The whole workgroup must call it.
float attend_merge_factors(__local struct merge_local *w, __global const float4 *tmp, uint r, uint rows, uint groups,
                           uint d, uint t)
{
    __global const float *sm = (__global const float *)tmp + (rows * d + 2 * r) * groups;
    float m = -1.7014117e38f, z = 0.0f;          // M of a group without keys

    for (uint g = 0; g < groups; g++) m = fmax(m, sm[2 * g + 1]);
    if (t < groups) {
        const float mine = sm[2 * t + 1];
        w->factor[t] = mine == m ? 1.0f : exp(mine - m);
        w->sum[t] = sm[2 * t] * w->factor[t];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint g = 0; g < groups; g++) z += w->sum[g];
    return z == 0.0f ? 0.0f : 1.0f / z;
}

// Columns 4u .. 4u + 3 of the row.
float4 attend_merge_columns(__local const struct merge_local *w, __global const float4 *tmp, uint r, uint groups,
                            uint d, uint u, float unit)
{
    __global const float4 *a = tmp + (r * (d / 4) + u) * groups;
    float4 o = 0.0f;
    for (uint g = 0; g < groups; g++) o += a[g] * w->factor[g];
    return o * unit;
}

void attend_merge(__local struct merge_local *w, __global const float4 *tmp, __global float4 *out, uint r, uint rows,
                  uint groups, uint d, uint t)
{
    const float unit = attend_merge_factors(w, tmp, r, rows, groups, d, t);
    for (uint u = t; u < d / 4; u += WG) out[r * (d / 4) + u] = attend_merge_columns(w, tmp, r, groups, d, u, unit);
}
