/* Class of each BQ x BK tile of an additive mask: 0 all blocked, 2 all zero, 1 mixed; the mask is read row by row.
 * Source: mlx-native, flash_attn_prefill_blk.metal, but over whole tiles: upstream reads the first 32 columns only. */
#include "kernels/attention/flash_attn_prefill_blk/flash_attn_prefill_blk.h"

enum { SEEN_OPEN = 1, SEEN_NONZERO = 2 };        /* a cell above -1e30; a cell other than 0 */

/* Blocked is at most -1e30: as bf16 bits, 0xf14a (the next number below) to 0xff80 (-inf). */
static unsigned look(const uint16_t *cell, uint32_t n)
{
    unsigned open = 0, nonzero = 0;
    for (uint32_t i = 0; i < n; i++) {
        open |= cell[i] < 0xf14a;
        nonzero |= cell[i] & 0x7fffu;
    }
    return (open ? SEEN_OPEN : 0u) | (nonzero ? SEEN_NONZERO : 0u);
}

void flash_attn_prefill_blk_cpu(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct flash_attn_prefill_blk_params *p = a->params;
    const uint32_t bq = (uint32_t)a->spec[S_BQ], bk = (uint32_t)a->spec[S_BK];
    const uint32_t whole = p->seq_len_k / bk, nk = whole + (p->seq_len_k % bk != 0);
    for (int64_t qt = begin; qt < end; qt++) {
        uint8_t *tile = (uint8_t *)a->buf[T_BLK] + qt * nk;           /* first what was seen, then the class */
        const int64_t row_end = (qt + 1) * bq < p->seq_len_q ? (qt + 1) * bq : p->seq_len_q;
        for (uint32_t kt = 0; kt < nk; kt++) tile[kt] = 0;
        for (int64_t q = qt * bq; q < row_end; q++) {
            const uint16_t *row = (const uint16_t *)a->buf[T_MASK] + q * p->seq_len_k;
            for (uint32_t kt = 0; kt < whole; kt++) tile[kt] = (uint8_t)(tile[kt] | look(row + kt * bk, bk));
        }
        for (uint32_t kt = 0; kt < whole; kt++)
            tile[kt] = !(tile[kt] & SEEN_OPEN) ? 0 : !(tile[kt] & SEEN_NONZERO) ? 2 : 1;
        if (whole < nk) tile[whole] = 1;         /* a tile that the right edge cuts is always mixed */
    }
}
