// mask[q,k] = -inf where the query at position q + q_abs_offset may not see key k, else +0; one workgroup per row.
// Source: mlx-native, flash_attn_prefill_mask.metal.  Pure data, no arithmetic: exact.
#include "kernels/common/mxb.cl.h"
#include "kernels/attention/flash_attn_prefill_mask_fill/flash_attn_prefill_mask_fill.def"

// Bits of cell k of a row that attends the keys [first, last).
ushort cell(int k, int first, int last) { return k >= first && k < last ? (ushort)0 : (ushort)0xff80; }

// VEC is 1 or 8 and divides seq_len_k; rows then start on a multiple of 16 bytes, which the wide store needs.
__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void flash_attn_prefill_mask_fill(__global T *mask, const struct flash_attn_prefill_mask_fill_params p)
{
    const uint q = (uint)(get_group_id(1) * get_num_groups(0) + get_group_id(0));
    if (q >= p.seq_len_q) return;                // the last line of a two-dimensional grid
    const int position = (int)(q + p.q_abs_offset);
    const int first = p.n_swa > 0 ? position - p.n_swa + 1 : 0;
    const int last = p.causal ? position + 1 : (int)p.seq_len_k;
    __global T *row = mask + (size_t)q * p.seq_len_k;                 // a mask may hold 2^32 cells
#define CELL(i) cell((int)(k + i), first, last)
    for (uint k = (uint)get_local_id(0) * VEC; k < p.seq_len_k; k += WG * VEC) {
#if VEC == 8
        *(__global ushort8 *)(row + k) =
            (ushort8)(CELL(0), CELL(1), CELL(2), CELL(3), CELL(4), CELL(5), CELL(6), CELL(7));
#else
        row[k] = CELL(0);
#endif
    }
}
