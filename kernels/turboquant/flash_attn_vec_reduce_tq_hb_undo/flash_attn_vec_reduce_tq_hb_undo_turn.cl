// The second half of the unfused pair: out = sigma (H out) per row, in place, as fwht_sign_undo has it.
// Source: mlx-native, fwht_standalone.metal.
#include "kernels/common/mxb.cl.h"
#include "kernels/common/tq.cl.h"
#include "kernels/turboquant/flash_attn_vec_reduce_tq_hb_undo/flash_attn_vec_reduce_tq_hb_undo.def"

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void undo_rows(__global float *out, const struct flash_attn_vec_reduce_tq_hb_undo_params p)
{
    __local float x[DIM];
    const uint t = (uint)get_local_id(0);
    out += get_group_id(0) * DIM;
    for (uint c = t; c < DIM; c += WG) x[c] = out[c];
    tq_fwht(x, t, WG);
    for (uint c = t; c < DIM; c += WG) out[c] = tq_signed(x[c] * TQ_INV_SQRT, c);
}
