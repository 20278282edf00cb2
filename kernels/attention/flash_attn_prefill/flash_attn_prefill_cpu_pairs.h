/* Operands of flash_attn_prefill on the CPU as pairs of bf16, as vdpbf16ps and tdpbf16ps want them: two products at once,
 * added to an f32 sum.
 *
 * Q', K and V are bf16 already, so their products are exact.  Weights are rounded to bf16, and summed as they are rounded.
 * The instructions take subnormal numbers for 0 and make 0 of subnormal sums, whatever the processor's mode: what is smaller
 * than 2^-126 is lost. */
#ifndef FLASH_ATTN_PREFILL_CPU_PAIRS_H
#define FLASH_ATTN_PREFILL_CPU_PAIRS_H
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_tile.h"

typedef vu vo;                       /* VL operands */

VF_INLINE vo vo_load(const operand *p) { vo v; memcpy(&v, p, sizeof v); return v; }
VF_INLINE vo vo_set1(const operand *p) { int32_t x; memcpy(&x, p, sizeof x); return (vo)vi_set1(x); }
/* acc + the products of both halves per lane. */
VF_INLINE vf vo_dot(vo a, vo b, vf acc) { return _mm512_dpbf16_ps(acc, (__m512bh)a, (__m512bh)b); }

/* Two vectors, rounded to bf16 and paired. */
VF_INLINE vo vo_round(vf first, vf second)
{
    const vu lane = (vu)vi_iota();               /* the conversion puts `second` behind `first`: bring the halves together */
    const __m512i halves = (__m512i)_mm512_cvtne2ps_pbh(second, first);
    return (vo)_mm512_permutexvar_epi16((__m512i)(lane | (lane + VL) << 16), halves);
}

/* VL elements of a query row, which are bf16 numbers, downwards in its column of a panel. */
VF_INLINE void put_column(vf x, operand *column)
{
    operand row[VL / PER];
    const vh h = __builtin_convertvector((vu)x >> 16, vh);
    memcpy(row, &h, sizeof row);
    for (int e = 0; e < VL / PER; e++) {
        column[e * QW] = row[e];
    }
}

static int64_t whole_blocks(int64_t keys) { return (keys + KN - 1) / KN * KN; }

/* The key tile that begins with row k: rows of bf16 are rows of pairs.  A block that would end behind the last key, and
 * perhaps behind the tensor, is completed by zeros. */
static void prepare_k(struct tile *t, const void *k)
{
    const size_t row = (size_t)t->d * sizeof(uint16_t), rows = (size_t)t->keys, whole = (size_t)whole_blocks(t->keys);
    t->k = k;
    if (rows != whole) {
        memcpy(t->room, k, rows * row);
        memset((char *)t->room + rows * row, 0, (whole - rows) * row);
        t->k = t->room;
    }
}

/* Pairs of rows of V, in panels of DW columns; zeros behind the last key up to a whole block. */
static void prepare_v(const struct tile *t, const void *v)
{
    const uint16_t *rows = v;
    const int64_t whole = whole_blocks(t->keys);
    for (int64_t j = 0; j < whole; j += PER) {
        for (int64_t c = 0; c < t->d; c += VL) {
            vh first = { 0 }, second = { 0 };
            if (j < t->keys) memcpy(&first, rows + j * t->d + c, sizeof first);
            if (j + 1 < t->keys) memcpy(&second, rows + (j + 1) * t->d + c, sizeof second);
            const vo pair = __builtin_convertvector(first, vu) | __builtin_convertvector(second, vu) << 16;
            memcpy(t->v + c / DW * DW * (t->bk_pad / PER) + j / PER * DW + c % DW, &pair, sizeof pair);
        }
    }
}

/* Turns n rows of a vector of scores into weights 2^(s - m), in place, two rows into one of pairs; returns their sum. */
VF_INLINE vf weigh(float *s, int64_t n, vf m)
{
    const vo ones = (vo)vi_set1(0x3f803f80);
    vf sum = { 0 };
    for (int64_t j = 0; j < n; j += PER) {
        const vf first = vf_exp2(vf_load_f32(s + j * QW) - m);
        const vf second = j + 1 < n ? vf_exp2(vf_load_f32(s + (j + 1) * QW) - m) : (vf){ 0 };
        const vo pair = vo_round(first, second);
        memcpy(s + j / PER * QW, &pair, sizeof pair);
        sum = vo_dot(ones, pair, sum);
    }
    return sum;
}
#endif
