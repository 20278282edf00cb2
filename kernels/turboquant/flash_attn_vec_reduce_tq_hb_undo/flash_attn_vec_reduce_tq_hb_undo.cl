// Merge of split-K partial results, out = sum_g a_g exp(M_g - M) / sum_g S_g exp(M_g - M), then sigma (H out), one
// workgroup per row.  Source: the dispatcher of mlx-native; the layout of tmp is in flash_attn_vec_reduce_tq_hb_undo.c.
#include "kernels/common/attend_merge.cl.h"
#include "kernels/common/tq.cl.h"
#include "kernels/turboquant/flash_attn_vec_reduce_tq_hb_undo/flash_attn_vec_reduce_tq_hb_undo.def"

// WG divides DIM / 4.
__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void flash_attn_vec_reduce_tq_hb_undo(__global const float4 *tmp, __global float *out,
                                      const struct flash_attn_vec_reduce_tq_hb_undo_params p)
{
    __local struct merge_local w;
    __local float4 row[DIM / 4];
    __local float *x = (__local float *)row;
    const uint t = (uint)get_local_id(0), r = (uint)get_group_id(0);
    const float unit = attend_merge_factors(&w, tmp, r, p.nrows, p.nwg, DIM, t);
    for (uint u = t; u < DIM / 4; u += WG) row[u] = attend_merge_columns(&w, tmp, r, p.nwg, DIM, u, unit);
    tq_fwht(x, t, WG);
    for (uint c = t; c < DIM; c += WG) out[(size_t)r * DIM + c] = tq_signed(x[c] * TQ_INV_SQRT, c);
}
