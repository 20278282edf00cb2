/* The products of flash_attn_prefill on the CPU in blocks of vector registers, for any operands. */
#ifndef FLASH_ATTN_PREFILL_CPU_VECTORS_H
#define FLASH_ATTN_PREFILL_CPU_VECTORS_H
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_tile.h"

/* Scores of KN keys from key j on and qn vectors of queries from row i on. */
VF_INLINE void score_vectors(const struct tile *t, int64_t i, int64_t j, const int qn)
{
    const int64_t len = t->d / PER;
    const operand *qt = t->qt + i * len, *k = t->k + j * len;
    float *s = column(t, i) + j * QW;
    vf acc[KN][QN] = { 0 };
    for (int64_t x = 0; x < len; x++) {
        VF_UNROLL
        for (int e = 0; e < KN; e++) {
            const vo key = vo_set1(k + e * len + x);
            VF_UNROLL
            for (int c = 0; c < qn; c++) {
                acc[e][c] = vo_dot(key, vo_load(qt + x * QW + c * VL), acc[e][c]);
            }
        }
    }
    VF_UNROLL
    for (int e = 0; e < KN; e++) {
        VF_UNROLL
        for (int c = 0; c < qn; c++) {
            vf_store_f32(s + e * QW + c * VL, acc[e][c]);
        }
    }
}

static void score_block(const struct tile *t, int64_t i, int64_t j)
{
    if (t->rows - i > (QN - 1) * VL) score_vectors(t, i, j, QN);
    else score_vectors(t, i, j, QN - 1);
}

/* Weights are used where they are. */
static void place_weights(const struct tile *t, int64_t i, int64_t n) { (void)t, (void)i, (void)n; }

/* O = O f + P V for PN queries from row i on, DW columns from c on and n keys. */
static void value_block(const struct tile *t, int64_t i, int64_t c, int64_t n)
{
    const char *p = (const char *)column(t, i);       /* operands, as weigh() leaves them */
    const operand *v = t->v + c * (t->bk_pad / PER);
    float *o = t->o + i * t->d + c;
    vf acc[PN][DN];
    VF_UNROLL
    for (int e = 0; e < PN; e++) {
        VF_UNROLL
        for (int x = 0; x < DN; x++) {
            acc[e][x] = vf_load_f32(o + e * t->d + x * VL) * vf_set1(t->f[i + e]);
        }
    }
    for (int64_t j = 0; j < (n + PER - 1) / PER; j++) {
        VF_UNROLL
        for (int e = 0; e < PN; e++) {
            const vo w = vo_set1((const operand *)p + j * QW + e);
            VF_UNROLL
            for (int x = 0; x < DN; x++) {
                acc[e][x] = vo_dot(w, vo_load(v + j * DW + x * VL), acc[e][x]);
            }
        }
    }
    VF_UNROLL
    for (int e = 0; e < PN; e++) {
        VF_UNROLL
        for (int x = 0; x < DN; x++) {
            vf_store_f32(o + e * t->d + x * VL, acc[e][x]);
        }
    }
}
#endif
