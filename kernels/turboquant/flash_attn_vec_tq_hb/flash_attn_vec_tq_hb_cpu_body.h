/* Split-K decode attention over a TurboQuant cache on the CPU for the vector width of the including file, which defines
 * KERNEL as the name of the function.  One item = up to ROWS query heads of one key/value head in one group of chunks;
 * a key or value is decoded once for all of them and stays in the first-level cache. */
#include <math.h>
#include "kernels/common/tq_cpu.h"
#include "kernels/turboquant/flash_attn_vec_tq_hb/flash_attn_vec_tq_hb.h"

static const float NEG_BIG = -0x1.fffffep126f;   /* start of the running maximum, which so stays finite */

struct cache { const uint8_t *idx; const float *norm; };         /* of one key/value head */

struct item {
    const struct flash_attn_vec_tq_hb_params *p;
    int64_t rows, g;
    float *q, *a, *weight;           /* [rows][dim] narrowed queries, sums of values; [rows][CHUNK] scores, weights */
    float *m, *l;                    /* [rows] */
};

/* x = the vector in a slot, decoded. */
VF_INLINE void decode_as(uint32_t bits, int dim, const struct flash_attn_vec_tq_hb_params *p, struct cache c, int64_t slot, float *x)
{
    const int32_t mask = (1 << bits) - 1;
    for (int b = 0; b < dim / 256; b++) {
        const float norm = c.norm[slot * (dim / 256) + b];
        const float factor = dim == 256 ? norm / 16 : norm / p->scale_factor_d512;
        const uint8_t *idx = c.idx + slot * dim + 256 * b;
        for (int i = 0; i < 256; i += VL)
            vf_store_f32(x + 256 * b + i, tq_decode(bits, vi_load_u8(idx + i) & mask) * factor);
    }
}

/* With the number of bits as a constant: then the codebook stays in registers. */
VF_INLINE void decode(int dim, const struct flash_attn_vec_tq_hb_params *p, struct cache c, int64_t slot, float *x)
{
    if (p->codebook_bits == 8) decode_as(8, dim, p, c, slot, x);
    else if (p->codebook_bits == 6) decode_as(6, dim, p, c, slot, x);
    else decode_as(5, dim, p, c, slot, x);
}

VF_INLINE float dot(int dim, const float *q, const float *k)
{
    vf acc[4] = { 0 };
    for (int i = 0; i < dim; i += 4 * VL)
        VF_UNROLL
        for (int c = 0; c < 4; c++) acc[c] = vf_fma(vf_load_f32(q + i + c * VL), vf_load_f32(k + i + c * VL), acc[c]);
    return vf_sum((acc[0] + acc[1]) + (acc[2] + acc[3]));
}

/* Moves row r to the new maximum and turns its n scores into weights. */
VF_INLINE void softmax(int dim, const struct item *t, int64_t r, int n)
{
    float *s = t->weight + r * CHUNK, *a = t->a + r * dim, top = t->m[r];
    for (int j = 0; j < n; j++) top = s[j] > top ? s[j] : top;
    const float factor = vf_exp2(vf_set1((t->m[r] - top) * 1.44269504f))[0];
    for (int i = 0; i < dim && factor != 1; i += VL) vf_store_f32(a + i, vf_load_f32(a + i) * factor);
    float sum = t->l[r] * factor;
    for (int j = n; j < CHUNK; j++) s[j] = -INFINITY;
    for (int j = 0; j < CHUNK; j += VL) {
        const vf w = vf_exp2((vf_load_f32(s + j) - top) * 1.44269504f);
        vf_store_f32(s + j, w);
        sum += vf_sum(w);
    }
    t->m[r] = top;
    t->l[r] = sum;
}

/* The n attended slots of a chunk. */
VF_INLINE void chunk(int dim, const struct item *t, struct cache k, struct cache v, const int64_t *slot, int n)
{
    _Alignas(64) float x[MAX_DIM];
    for (int j = 0; j < n; j++) {
        decode(dim, t->p, k, slot[j], x);
        for (int64_t r = 0; r < t->rows; r++) t->weight[r * CHUNK + j] = dot(dim, t->q + r * dim, x) * t->p->scale;
    }
    for (int64_t r = 0; r < t->rows; r++) softmax(dim, t, r, n);
    for (int j = 0; j < n; j++) {
        decode(dim, t->p, v, slot[j], x);
        for (int64_t r = 0; r < t->rows; r++) {
            const vf w = vf_set1(t->weight[r * CHUNK + j]);
            float *a = t->a + r * dim;
            for (int i = 0; i < dim; i += VL) vf_store_f32(a + i, vf_fma(vf_load_f32(x + i), w, vf_load_f32(a + i)));
        }
    }
}

/* Row i is head r; the layout of dst is in flash_attn_vec_tq_hb.c. */
VF_INLINE void store(int dim, const struct item *t, int64_t i, int64_t r, float *dst)
{
    const int64_t nwg = t->p->nwg;
    const float unit = nwg > 1 ? 1 : t->l[i] == 0 ? 0 : 1 / t->l[i];
    float *sm = dst + (int64_t)t->p->n_heads * dim * nwg + 2 * (r * nwg + t->g);
    for (int c = 0; c < dim; c++) dst[4 * ((r * dim + c) / 4 * nwg + t->g) + c % 4] = t->a[i * dim + c] * unit;
    if (nwg == 1) return;
    sm[0] = t->l[i];
    sm[1] = t->m[i];
}

/* From a slot on; the tensor of norms follows that of indices. */
VF_INLINE struct cache cache_of(const struct mxb_args *args, int tensor, int64_t slot, int dim)
{
    return (struct cache){ (const uint8_t *)args->buf[tensor] + slot * dim,
                           (const float *)args->buf[tensor + 1] + slot * (dim / 256) };
}

VF_INLINE void attend(int dim, const struct mxb_args *args, int64_t index)
{
    const struct flash_attn_vec_tq_hb_params *p = args->params;
    const int64_t per_kv = p->n_heads / p->n_kv_heads, most = args->spec[S_ROWS], blocks = (per_kv + most - 1) / most;
    const int64_t unit = index % args->groups[0], kv = unit / blocks, first = unit % blocks * most;
    const int64_t r0 = kv * per_kv + first;
    const int64_t rows = per_kv - first < most ? per_kv - first : most, slots = kv * p->kv_capacity;
    const struct cache k = cache_of(args, T_K_IDX, slots, dim), v = cache_of(args, T_V_IDX, slots, dim);
    const struct slots s = attended_slots(p);
    float *room = args->scratch, m[1024], l[1024];
    const struct item t = { .p = p, .rows = rows, .g = index / args->groups[0], .q = room, .a = room + rows * dim,
                            .weight = room + 2 * rows * dim, .m = m, .l = l };
    for (int64_t i = 0; i < rows * dim; i += VL) {
        vf_store_f32(t.q + i, vf_round(MXB_F16, vf_load_f32((const float *)args->buf[T_Q] + r0 * dim + i)));
        vf_store_f32(t.a + i, (vf){ 0 });
    }
    for (int64_t i = 0; i < rows; i++) {
        m[i] = NEG_BIG;
        l[i] = 0;
    }
    for (int64_t base = t.g * CHUNK; base < p->kv_seq_len; base += (int64_t)p->nwg * CHUNK) {
        int64_t slot[CHUNK];
        int n = 0;
        for (int64_t j = base; j < base + CHUNK; j++)
            if ((j >= s.lo0 && j < s.hi0) || j < s.hi1) slot[n++] = j;
        if (n > 0) chunk(dim, &t, k, v, slot, n);
    }
    for (int64_t i = 0; i < rows; i++) store(dim, &t, i, r0 + i, args->buf[T_DST]);
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++) {
        if (a->spec[S_DIM] == 256) attend(256, a, i);
        else attend(512, a, i);
    }
}
