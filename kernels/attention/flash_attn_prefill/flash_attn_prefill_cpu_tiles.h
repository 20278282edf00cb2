/* The products of flash_attn_prefill on the CPU in AMX tiles: 16 rows of 16 pairs of bf16 times 16 rows of 16 pairs, added to 16
 * x 16 f32 sums.  The including file defines TILE_ZERO(t), TILE_LOAD(t, from, stride), TILE_STORE(t, to, stride) and
 * TILE_DOT(sum, a, b), t being a literal and stride in bytes; KERNEL configures and releases the tiles.
 *
 *     S[j][i] = sum_x K[j][x] Qt[x][i]           32 keys x 32 queries: K as it is, Q as pairs along x
 *     O[i][c] = O[i][c] f[i] + sum_j P[i][j] V[j][c]       16 queries x 64 columns: V as pairs along j, weights turned */
#ifndef FLASH_ATTN_PREFILL_CPU_TILES_H
#define FLASH_ATTN_PREFILL_CPU_TILES_H
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_pairs.h"

enum { TILE = 16 };                  /* rows of a tile, operands or sums of a row */
_Static_assert(VL == 16 && KN == 32 && QW == 32 && PN == 16 && DW == 64, "the blocks below");

/* gcc 12 does not know that loading a tile reads memory: what was stored must be there. */
VF_INLINE void finish_stores(void) { __asm__ volatile("" ::: "memory"); }

/* Scores of KN keys from key j on and QW queries from row i on. */
static void score_block(const struct tile *t, int64_t i, int64_t j)
{
    const int64_t len = t->d / PER, k_row = len * (int64_t)sizeof(operand);
    const operand *qt = t->qt + i * len, *k = t->k + j * len;
    float *s = column(t, i) + j * QW;
    finish_stores();
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
    for (int64_t x = 0; x < len; x += TILE) {
        TILE_LOAD(4, k + x, k_row);
        TILE_LOAD(5, k + TILE * len + x, k_row);
        TILE_LOAD(6, qt + x * QW, QW * sizeof *qt);
        TILE_LOAD(7, qt + x * QW + TILE, QW * sizeof *qt);
        TILE_DOT(0, 4, 6);
        TILE_DOT(1, 4, 7);
        TILE_DOT(2, 5, 6);
        TILE_DOT(3, 5, 7);
    }
    TILE_STORE(0, s, QW * sizeof *s);
    TILE_STORE(1, s + TILE, QW * sizeof *s);
    TILE_STORE(2, s + TILE * QW, QW * sizeof *s);
    TILE_STORE(3, s + TILE * QW + TILE, QW * sizeof *s);
}

/* Rows of 16 x 16 operands become columns: neighbours change places in steps of 1, 2, 4 and 8. */
VF_INLINE void transpose(__m512i r[TILE])
{
    __m512i a[TILE], b[TILE];
    VF_UNROLL
    for (int i = 0; i < TILE; i += 2) {
        a[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        a[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    VF_UNROLL
    for (int i = 0; i < TILE; i += 4) {
        b[i] = _mm512_unpacklo_epi64(a[i], a[i + 2]);
        b[i + 1] = _mm512_unpackhi_epi64(a[i], a[i + 2]);
        b[i + 2] = _mm512_unpacklo_epi64(a[i + 1], a[i + 3]);
        b[i + 3] = _mm512_unpackhi_epi64(a[i + 1], a[i + 3]);
    }
    VF_UNROLL
    for (int c = 0; c < 4; c++) {                     /* b[4 g + c], quarter q: column 4 q + c of rows 4 g .. 4 g + 3 */
        const __m512i even0 = _mm512_shuffle_i32x4(b[c], b[4 + c], 0x88), even1 = _mm512_shuffle_i32x4(b[8 + c], b[12 + c], 0x88);
        const __m512i odd0 = _mm512_shuffle_i32x4(b[c], b[4 + c], 0xdd), odd1 = _mm512_shuffle_i32x4(b[8 + c], b[12 + c], 0xdd);
        r[c] = _mm512_shuffle_i32x4(even0, even1, 0x88);
        r[4 + c] = _mm512_shuffle_i32x4(odd0, odd1, 0x88);
        r[8 + c] = _mm512_shuffle_i32x4(even0, even1, 0xdd);
        r[12 + c] = _mm512_shuffle_i32x4(odd0, odd1, 0xdd);
    }
}

/* Weights of n keys of the 16 queries from row i on, row by row; zeros behind them up to a whole block of keys. */
static void place_weights(const struct tile *t, int64_t i, int64_t n)
{
    const float *s = column(t, i);
    const int64_t rows = (n + PER - 1) / PER, len = t->bk_pad / PER;
    for (int64_t j = 0; j < rows; j += TILE) {
        __m512i r[TILE];
        for (int e = 0; e < TILE; e++) {
            r[e] = j + e < rows ? _mm512_loadu_si512(s + (j + e) * QW) : _mm512_setzero_si512();
        }
        transpose(r);
        for (int e = 0; e < TILE; e++) {
            _mm512_storeu_si512(t->turned + (i + e) * len + j, r[e]);
        }
    }
}

/* O = O f + P V for PN queries from row i on, DW columns from c on and n keys. */
static void value_block(const struct tile *t, int64_t i, int64_t c, int64_t n)
{
    const int64_t len = t->bk_pad / PER;
    const operand *p = t->turned + i * len, *v = t->v + c * len;
    float *o = t->o + i * t->d + c;
    _Alignas(64) float sum[PN][DW];
    finish_stores();
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
    for (int64_t j = 0; j * PER < n; j += TILE) {
        TILE_LOAD(4, p + j, len * (int64_t)sizeof *p);
        TILE_LOAD(5, v + j * DW, DW * sizeof *v);
        TILE_LOAD(6, v + j * DW + TILE, DW * sizeof *v);
        TILE_DOT(0, 4, 5);
        TILE_DOT(1, 4, 6);
        TILE_LOAD(5, v + j * DW + 2 * TILE, DW * sizeof *v);
        TILE_LOAD(6, v + j * DW + 3 * TILE, DW * sizeof *v);
        TILE_DOT(2, 4, 5);
        TILE_DOT(3, 4, 6);
    }
    TILE_STORE(0, sum[0], sizeof sum[0]);
    TILE_STORE(1, sum[0] + TILE, sizeof sum[0]);
    TILE_STORE(2, sum[0] + 2 * TILE, sizeof sum[0]);
    TILE_STORE(3, sum[0] + 3 * TILE, sizeof sum[0]);
    for (int e = 0; e < PN; e++) {
        const vf f = vf_set1(t->f[i + e]);
        for (int x = 0; x < DW; x += VL) {
            vf_store_f32(o + e * t->d + x, vf_fma(vf_load_f32(o + e * t->d + x), f, vf_load_f32(sum[e] + x)));
        }
    }
}
#endif
