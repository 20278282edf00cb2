// Class of each BQ x BK tile of an additive mask: 0 all blocked, 2 all zero, 1 mixed; one workgroup per tile.
// Source: mlx-native, flash_attn_prefill_blk.metal, but over the whole tile: upstream reads its first 32 columns only.
#include "kernels/common/mxb.cl.h"
#include "kernels/attention/flash_attn_prefill_blk/flash_attn_prefill_blk.def"

#define SEEN_OPEN 1u                             // a cell above -1e30: the tile cannot be skipped
#define SEEN_NONZERO 2u                          // a cell other than 0: the mask cannot be ignored

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void flash_attn_prefill_blk(__global const T *mask, __global uchar *blk, const struct flash_attn_prefill_blk_params p)
{
    __local uint seen;
    const uint t = (uint)get_local_id(0), kt = (uint)get_group_id(0), qt = (uint)get_group_id(1);
    const uint nk = (uint)get_num_groups(0), row0 = qt * BQ, col0 = kt * BK;
    const bool ragged = col0 + BK > p.seq_len_k;                      // a tile that the right edge cuts is always 1
    const uint rows = min((uint)BQ, p.seq_len_q - row0);
    uint mine = 0;

    if (t == 0) seen = 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = t; i < rows * BK && !ragged; i += WG) {
        const float v = LOAD(mask, (size_t)(row0 + i / BK) * p.seq_len_k + col0 + i % BK);
        mine |= (v > -1e30f ? SEEN_OPEN : 0u) | (v != 0.0f ? SEEN_NONZERO : 0u);
    }
    if (mine != 0) atomic_or(&seen, mine);
    barrier(CLK_LOCAL_MEM_FENCE);
    if (t == 0) blk[(size_t)qt * nk + kt] = ragged ? 1 : !(seen & SEEN_OPEN) ? 0 : !(seen & SEEN_NONZERO) ? 2 : 1;
}
