// Decode attention, second kernel: merges the partial sums of a query head, one workgroup per head.
// Source: mlx-native, sdpa_decode.metal.
#include "kernels/common/attend_merge.cl.h"
#include "kernels/attention/sdpa_decode/sdpa_decode.def"

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void sdpa_decode_merge(__global const float4 *tmp, __global float4 *O, const struct sdpa_decode_params p)
{
    __local struct merge_local w;
    attend_merge(&w, tmp, O, (uint)get_group_id(0), p.n_heads, PARTS, p.head_dim, (uint)get_local_id(0));
}
