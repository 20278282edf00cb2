/* Attention partials over packed keys and values on the CPU for the vector width of the including file, which defines
 * KERNEL as the name of the function.  One item = one block of tokens of a kv head: each row is decoded once and serves
 * all query heads that share it.  The softmax is rescaled once per STEP tokens. */
#include <math.h>
#include "kernels/attention/aura_flash_p1/aura_flash_p1.h"
#include "kernels/common/packed_codes_cpu.h"

enum { STEP = 64 };                              /* tokens between two rescales; a multiple of VL */

struct work {                                    /* a thread's memory; [rep] = one per query head of the group */
    struct code_table key, value;
    int64_t rep, hd;
    float *row;                                  /* [hd] a decoded row */
    float *q, *o, *s;                            /* [rep][hd], [rep][hd], [rep][STEP] */
    float *m, *l;                                /* [rep] */
};

VF_INLINE float dot(const float *a, const float *b, int64_t n)
{
    vf acc[2] = { 0 };
    int64_t i = 0;
    for (; i + 2 * VL <= n; i += 2 * VL) {
        acc[0] = vf_fma(vf_load_f32(a + i), vf_load_f32(b + i), acc[0]);
        acc[1] = vf_fma(vf_load_f32(a + i + VL), vf_load_f32(b + i + VL), acc[1]);
    }
    for (; i < n; i += VL)
        acc[0] = vf_fma(vf_load_f32(a + i), vf_load_f32(b + i), acc[0]);
    return vf_sum(acc[0] + acc[1]);
}

/* The scores of head r become weights; m, l and o move on. */
static void softmax(struct work *w, int64_t r, int64_t n)
{
    float *s = w->s + r * STEP, m = w->m[r];
    vf sum = { 0 };
    for (int64_t j = 0; j < n; j++)
        m = m > s[j] ? m : s[j];
    for (int64_t j = n; j < STEP; j++)
        s[j] = -INFINITY;
    const vf log2e = vf_set1(1.44269504f);
    for (int64_t j = 0; j < n; j += VL) {
        const vf weight = vf_exp2((vf_load_f32(s + j) - m) * log2e);
        vf_store_f32(s + j, weight);
        sum += weight;
    }
    const float old = w->m[r] == -INFINITY ? 0 : expf(w->m[r] - m);
    w->l[r] = w->l[r] * old + vf_sum(sum);
    w->m[r] = m;
    for (int64_t d = 0; d < w->hd; d += VL)
        vf_store_f32(w->o + r * w->hd + d, vf_load_f32(w->o + r * w->hd + d) * old);
}

/* Tokens [row, row + n) of the kv head's arrays. */
VF_INLINE void step_as(enum mxb_dtype dt, const struct mxb_args *a, struct work *w, int64_t row, int64_t n)
{
    const uint32_t *kp = (const uint32_t *)a->buf[T_KP] + row * code_words(w->hd, w->key.bits);
    const uint32_t *vp = (const uint32_t *)a->buf[T_VP] + row * code_words(w->hd, w->value.bits);
    for (int64_t j = 0; j < n; j++) {
        decode_row(&w->key, kp + j * code_words(w->hd, w->key.bits), w->hd, w->row);
        const float norm = vf_load_part(dt, a->buf[T_KN], row + j, 1)[0];
        for (int64_t r = 0; r < w->rep; r++)
            w->s[r * STEP + j] = dot(w->q + r * w->hd, w->row, w->hd) * norm;
    }
    for (int64_t r = 0; r < w->rep; r++)
        softmax(w, r, n);
    for (int64_t j = 0; j < n; j++) {
        decode_row(&w->value, vp + j * code_words(w->hd, w->value.bits), w->hd, w->row);
        const float norm = vf_load_part(dt, a->buf[T_VN], row + j, 1)[0];
        for (int64_t r = 0; r < w->rep; r++) {
            const vf weight = vf_set1(w->s[r * STEP + j] * norm);
            float *o = w->o + r * w->hd;
            for (int64_t d = 0; d < w->hd; d += VL)
                vf_store_f32(o + d, vf_fma(weight, vf_load_f32(w->row + d), vf_load_f32(o + d)));
        }
    }
}

VF_INLINE void store_as(enum mxb_dtype dt, const struct mxb_args *a, const struct work *w, int64_t r, int64_t at)
{
    for (int64_t d = 0; d < w->hd; d += VL)
        vf_store(dt, a->buf[T_O], at * w->hd + d, vf_load_f32(w->o + r * w->hd + d));
    vf_store_part(dt, a->buf[T_M], at, 1, vf_set1(w->m[r]));
    vf_store_part(dt, a->buf[T_L], at, 1, vf_set1(w->l[r]));
}

VF_INLINE void block_as(enum mxb_dtype dt, const struct mxb_args *a, struct work *w, int64_t item)
{
    const struct aura_flash_p1_params *p = a->params;
    const int64_t blocks = a->groups[0], block = item % blocks, g = item / blocks;
    const int64_t stride = p->kv_stride ? p->kv_stride : p->tokens, begin = block * p->block_size;
    int64_t end = begin + p->block_size < p->tokens ? begin + p->block_size : p->tokens;
    if (a->spec[S_CAUSAL] && end > (int64_t)p->q_position + 1) end = (int64_t)p->q_position + 1;
    for (int64_t i = 0; i < w->rep * w->hd; i += VL) {
        vf_store_f32(w->q + i, vf_load(dt, a->buf[T_Q], g * w->rep * w->hd + i));
        vf_store_f32(w->o + i, (vf){ 0 });
    }
    for (int64_t r = 0; r < w->rep; r++) {
        w->m[r] = -INFINITY;
        w->l[r] = 0;
    }
    for (int64_t t = begin; t < end; t += STEP)
        step_as(dt, a, w, g * stride + t, end - t < STEP ? end - t : STEP);
    for (int64_t r = 0; r < w->rep; r++)
        store_as(dt, a, w, r, (g * w->rep + r) * blocks + block);
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct aura_flash_p1_params *p = a->params;
    const enum mxb_dtype dt = (enum mxb_dtype)a->spec[S_DTYPE];
    struct work *w = a->scratch;
    w->rep = p->n_heads / p->n_kv_heads;
    w->hd = a->spec[S_HD];
    w->row = (float *)(w + 1);
    w->q = w->row + w->hd;
    w->o = w->q + w->rep * w->hd;
    w->s = w->o + w->rep * w->hd;
    w->m = w->s + w->rep * STEP;
    w->l = w->m + w->rep;
    code_table_init(&w->key, a->spec[S_KB], dt, a->buf[T_KC]);
    code_table_init(&w->value, a->spec[S_VB], dt, a->buf[T_VC]);
    for (int64_t item = begin; item < end; item++)
        VF_BY_DTYPE(dt, block_as, a, w, item);
}
