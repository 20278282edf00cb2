// The first half of the unfused pair: out = sum_g a_g exp(M_g - M) / sum_g S_g exp(M_g - M), as flash_attn_vec_reduce
// has it.  Source: mlx-native, flash_attn_vec.metal.
#include "kernels/common/attend_merge.cl.h"
#include "kernels/turboquant/flash_attn_vec_reduce_tq_hb_undo/flash_attn_vec_reduce_tq_hb_undo.def"

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void merge_rows(__global const float4 *tmp, __global float4 *out,
                const struct flash_attn_vec_reduce_tq_hb_undo_params p)
{
    __local struct merge_local w;
    attend_merge(&w, tmp, out, (uint)get_group_id(0), p.nrows, p.nwg, DIM, (uint)get_local_id(0));
}
