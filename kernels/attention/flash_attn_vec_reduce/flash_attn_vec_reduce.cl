// Merge of split-K partial results: out = sum_g a_g exp(M_g - M) / sum_g S_g exp(M_g - M), one workgroup per row.
// Source: mlx-native, flash_attn_vec.metal; the layout of tmp is in flash_attn_vec_reduce.c.
#include "kernels/common/attend_merge.cl.h"
#include "kernels/attention/flash_attn_vec_reduce/flash_attn_vec_reduce.def"

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void flash_attn_vec_reduce(__global const float4 *tmp, __global float4 *out, const struct flash_attn_vec_reduce_params p)
{
    __local struct merge_local w;
    attend_merge(&w, tmp, out, (uint)get_group_id(0), p.nrows, p.nwg, BD, (uint)get_local_id(0));
}
