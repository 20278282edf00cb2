/* Operands of flash_attn_prefill on the CPU in f16, and its products in f16 vectors: SHORT_SUM products are added in f16, then the
 * sum is widened and added in f32.  The weights are rounded to f16, and summed as they are rounded.
 *
 * The including file defines a vector of 2 VL numbers of f16 and what is done with it: half, half_load(p), half_mul(w, v) and
 * half_fma(w, v, sum), which multiply all of v by *w and round once, and half_widen(h, lower, upper).
 *
 *     S[j][i] = sum_x K[j][x] Qt[x][i]           KN keys x one vector of queries
 *     O[i][c] = O[i][c] f[i] + sum_j P[j][i] V[j][c]       PN queries x one vector of columns
 *
 * Sums beyond the range of f16 would be infinite.  A key tile whose largest elements allow them is computed in f32. */
#ifndef FLASH_ATTN_PREFILL_CPU_HALVES_H
#define FLASH_ATTN_PREFILL_CPU_HALVES_H
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_tile.h"

static const float SAFE_SUM = 32768;             /* half the range of f16: roundings cannot leave it */
_Static_assert(QW == 2 * VL && DW == 2 * VL && (int)PN <= (int)VL, "the blocks below");

/* VL elements of a query row, which are f16 numbers, downwards in its column of a panel. */
VF_INLINE void put_column(vf x, operand *column)
{
    const vh h = vf_to_f16(x);
    for (int e = 0; e < VL; e++) {
        column[e * QW] = h[e];
    }
}

/* The largest magnitude of n numbers; an infinity or NaN if there is one. */
static float most(const operand *p, int64_t n)
{
    operand bits = 0;
    vh h;
    for (int64_t i = 0; i < n; i++) {
        const operand x = p[i] & 0x7fff;
        bits = x > bits ? x : bits;
    }
    for (int e = 0; e < VL; e++) h[e] = bits;
    return vf_from_f16(h)[0];
}

static int64_t whole_blocks(int64_t keys) { return (keys + KN - 1) / KN * KN; }

/* The key tile that begins with row k, as it is.  A block that would end behind the last key, and perhaps behind the tensor, is
 * completed by zeros. */
static void prepare_k(struct tile *t, const void *k)
{
    const size_t row = (size_t)t->d * sizeof(operand), rows = (size_t)t->keys, whole = (size_t)whole_blocks(t->keys);
    t->k = k;
    if (rows != whole) {
        memcpy(t->room, k, rows * row);
        memset((char *)t->room + rows * row, 0, (whole - rows) * row);
        t->k = t->room;
    }
    t->short_scores = (float)SHORT_SUM * most(t->qt, t->rows_pad * t->d) * most(k, t->keys * t->d) <= SAFE_SUM;
}

/* V in panels of DW columns.  Weights are at most 1. */
static void prepare_v(struct tile *t, const void *v)
{
    const operand *rows = v;
    for (int64_t j = 0; j < t->keys; j++) {
        for (int64_t c = 0; c < t->d; c += DW) {
            memcpy(t->v + c * t->bk_pad + j * DW, rows + j * t->d + c, DW * sizeof *rows);
        }
    }
    t->short_values = (float)SHORT_SUM * most(v, t->keys * t->d) <= SAFE_SUM;
}

/* Turns n rows of a vector of scores into weights 2^(s - m), each in the first half of its row; returns their sum. */
VF_INLINE vf weigh(float *s, int64_t n, vf m)
{
    vf sum = { 0 };
    for (int64_t j = 0; j < n; j++) {
        const vh p = vf_to_f16(vf_exp2(vf_load_f32(s + j * QW) - m));
        memcpy(s + j * QW, &p, sizeof p);
        sum += vf_from_f16(p);
    }
    return sum;
}

/* Weights are used where they are. */
static void place_weights(const struct tile *t, int64_t i, int64_t n) { (void)t, (void)i, (void)n; }

/* f32 numbers from one of f16, and from VL of them. */
VF_INLINE vf widen_one(const operand *p)
{
    vh h;
    for (int e = 0; e < VL; e++) h[e] = *p;
    return vf_from_f16(h);
}

VF_INLINE vf widen(const operand *p) { return vf_load(MXB_F16, p, 0); }

/* acc += the sums of n <= SHORT_SUM products w[x step] v[x], v's vectors one behind another, for `count` factors w side by side,
 * `next` apart. */
VF_INLINE void add_short_sums(const operand *w, int64_t next, int64_t step, const operand *v, int64_t n, vf (*acc)[2], const int count)
{
    half sum[8];
    const half first = half_load(v);
    _Static_assert((int)KN <= 8 && (int)PN <= 8, "room for the sums");
    VF_UNROLL
    for (int e = 0; e < count; e++) sum[e] = half_mul(w + e * next, first);
    for (int64_t x = 1; x < n; x++) {
        const half vector = half_load(v + x * 2 * VL);
        VF_UNROLL
        for (int e = 0; e < count; e++) sum[e] = half_fma(w + e * next + x * step, vector, sum[e]);
    }
    VF_UNROLL
    for (int e = 0; e < count; e++) {
        vf lower, upper;
        half_widen(sum[e], &lower, &upper);
        acc[e][0] += lower;
        acc[e][1] += upper;
    }
}

/* The same in f32. */
VF_INLINE void add_wide_sums(const operand *w, int64_t next, int64_t step, const operand *v, int64_t n, vf (*acc)[2], const int count)
{
    for (int64_t x = 0; x < n; x++) {
        const vf lower = widen(v + x * 2 * VL), upper = widen(v + x * 2 * VL + VL);
        VF_UNROLL
        for (int e = 0; e < count; e++) {
            const vf factor = widen_one(w + e * next + x * step);
            acc[e][0] = vf_fma(factor, lower, acc[e][0]);
            acc[e][1] = vf_fma(factor, upper, acc[e][1]);
        }
    }
}

VF_INLINE void add_sums(bool is_short, const operand *w, int64_t next, int64_t step, const operand *v, int64_t n, vf (*acc)[2],
                        const int count)
{
    for (int64_t x = 0; x < n; x += SHORT_SUM) {
        const int64_t part = least(SHORT_SUM, n - x);
        if (is_short) add_short_sums(w + x * step, next, step, v + x * 2 * VL, part, acc, count);
        else add_wide_sums(w + x * step, next, step, v + x * 2 * VL, part, acc, count);
    }
}

/* Scores of KN keys from key j on and QW queries from row i on. */
static void score_block(const struct tile *t, int64_t i, int64_t j)
{
    float *s = column(t, i) + j * QW;
    vf acc[KN][2] = { 0 };
    add_sums(t->short_scores, t->k + j * t->d, t->d, 1, t->qt + i * t->d, t->d, acc, KN);
    VF_UNROLL
    for (int e = 0; e < KN; e++) {
        vf_store_f32(s + e * QW, acc[e][0]);
        vf_store_f32(s + e * QW + VL, acc[e][1]);
    }
}

/* O = O f + P V for PN queries from row i on, DW columns from c on and n keys. */
static void value_block(const struct tile *t, int64_t i, int64_t c, int64_t n)
{
    const char *weights = (const char *)column(t, i / VL * VL);          /* as weigh() leaves them */
    float *o = t->o + i * t->d + c;
    vf acc[PN][2];
    VF_UNROLL
    for (int e = 0; e < PN; e++) {
        acc[e][0] = vf_load_f32(o + e * t->d) * vf_set1(t->f[i + e]);
        acc[e][1] = vf_load_f32(o + e * t->d + VL) * vf_set1(t->f[i + e]);
    }
    add_sums(t->short_values, (const operand *)weights + i % VL, 1, 2 * QW, t->v + c * t->bk_pad, n, acc, PN);
    VF_UNROLL
    for (int e = 0; e < PN; e++) {
        vf_store_f32(o + e * t->d, acc[e][0]);
        vf_store_f32(o + e * t->d + VL, acc[e][1]);
    }
}
#endif
