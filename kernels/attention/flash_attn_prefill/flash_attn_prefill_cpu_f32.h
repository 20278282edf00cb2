/* Operands of flash_attn_prefill on the CPU in f32: Q, K and V are widened, the weights are f32, a product is one fused
 * multiply-add. */
#ifndef FLASH_ATTN_PREFILL_CPU_F32_H
#define FLASH_ATTN_PREFILL_CPU_F32_H
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_tile.h"

typedef vf vo;                       /* VL operands */

VF_INLINE vo vo_set1(const operand *p) { return vf_set1(*p); }
VF_INLINE vo vo_load(const operand *p) { return vf_load_f32(p); }
/* acc + a b per lane. */
VF_INLINE vf vo_dot(vo a, vo b, vf acc) { return vf_fma(a, b, acc); }

/* VL elements of a query row, downwards in its column of a panel. */
VF_INLINE void put_column(vf x, operand *column)
{
    float row[VL];
    vf_store_f32(row, x);
    for (int e = 0; e < VL; e++) {
        column[e * QW] = row[e];
    }
}

/* Rows [0,n) of a dense [n][d] matrix in panels [d / cols][pad][cols]; cols = d keeps its shape. */
VF_INLINE void widen_as(enum mxb_dtype dt, const void *src, int64_t n, int64_t pad, int64_t d, int64_t cols, float *dst)
{
    for (int64_t j = 0; j < n; j++) {
        for (int64_t c = 0; c < d; c += cols) {
            for (int64_t x = 0; x < cols; x += VL) {
                vf_store_f32(dst + c * pad + j * cols + x, vf_load(dt, src, j * d + c + x));
            }
        }
    }
}

/* The key tile that begins with row k. */
static void prepare_k(struct tile *t, const void *k)
{
    VF_BY_DTYPE(t->dt, widen_as, k, t->keys, t->bk_pad, t->d, t->d, t->room);
    t->k = t->room;
}

/* V is cut into panels of DW columns, since rows one head dimension apart would fall into few sets of the first-level cache. */
static void prepare_v(const struct tile *t, const void *v)
{
    VF_BY_DTYPE(t->dt, widen_as, v, t->keys, t->bk_pad, t->d, DW, t->v);
}

/* Turns n rows of a vector of scores into weights 2^(s - m), in place; returns their sum. */
VF_INLINE vf weigh(float *s, int64_t n, vf m)
{
    vf sum = { 0 };
    for (int64_t j = 0; j < n; j++) {
        const vf p = vf_exp2(vf_load_f32(s + j * QW) - m);
        vf_store_f32(s + j * QW, p);
        sum += p;
    }
    return sum;
}
#endif
