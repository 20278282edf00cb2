/* Split-K attention on the CPU: the partial sums of groups of chunks, their place in tmp, and the merge of all groups of a row,
 * for the vector width of the including file.
 *
 * Of `groups` groups number g has chunks g, g + groups, ...  tmp holds per head r and group g a[4i + e] at
 * 4 (r (d/4) groups + i groups + g) + e, then from heads d groups on S at 2 (r groups + g) and M behind it. */
#ifndef ATTEND_SPLIT_CPU_H
#define ATTEND_SPLIT_CPU_H
#include "kernels/common/attend_cpu.h"

enum { ATTEND_MAX_GROUPS = 32 };

/* Makes the sums of the e-th of several groups those that chunks are added to; `sums` is where those of the first lie. */
VF_INLINE void attend_use(struct attend *t, float *sums, int64_t e)
{
    t->a = sums + e * ((t->rows * (t->pad + 2) + 15) / 16 * 16);         /* a cache line each, no vector lies across two */
    t->m = t->a + t->rows * t->pad;
    t->l = t->m + t->rows;
}

/* Lays the state out in scratch with the sums of n groups: 4 d + 136 bytes per row and group more than attend_start() takes.
 * Returns where they lie. */
VF_INLINE float *attend_start_groups(struct attend *t, void *scratch, int64_t n)
{
    attend_start(t, scratch);
    float *sums = (float *)(((uintptr_t)(t->hi + t->rows) + 63) / 64 * 64);
    for (int64_t e = 0; e < n; e++) {
        attend_use(t, sums, e);
        attend_clear(t);
    }
    return sums;
}

/* The first chunk from `chunk` on that belongs to one of the n groups from g on. */
VF_INLINE int64_t attend_chunk_of(int64_t chunk, int64_t g, int64_t n, int64_t groups)
{
    const int64_t own = chunk % groups;
    return own < g ? chunk + g - own : own < g + n ? chunk : chunk + groups - own + g;
}

/* The chunks with keys in [lo,hi) of the n groups from g on, in the order of addresses, which memory likes best; all rows attend
 * these keys, and k and v begin with the head's first key. */
VF_INLINE void attend_groups(enum mxb_dtype dt, struct attend *t, float *sums, const void *k, const void *v, int64_t g, int64_t n,
                             int64_t groups, int64_t lo, int64_t hi)
{
    for (int64_t i = 0; i < t->rows; i++) {
        t->lo[i] = lo;
        t->hi[i] = hi;
    }
    for (int64_t chunk = attend_chunk_of(lo / ATTEND_KEYS, g, n, groups), next; chunk * ATTEND_KEYS < hi; chunk = next) {
        next = attend_chunk_of(chunk + 1, g, n, groups);
        attend_use(t, sums, chunk % groups - g);
        attend_chunk(dt, t, k, v, chunk * ATTEND_KEYS, (next + 1) * ATTEND_KEYS <= hi ? next * ATTEND_KEYS : -1);
    }
}

/* Row i's sums, times unit, to head r. */
VF_INLINE void attend_store_a(const struct attend *t, int64_t i, float *tmp, int64_t r, int64_t g, int64_t groups, float unit)
{
    for (int64_t c = 0; c < t->d; c += 4) {
        float *to = tmp + 4 * ((r * t->d + c) / 4 * groups + g);
        for (int64_t e = 0; e < 4; e++) to[e] = t->a[i * t->pad + c + e] * unit;
    }
}

VF_INLINE void attend_store_sm(const struct attend *t, int64_t i, float *tmp, int64_t heads, int64_t r, int64_t g, int64_t groups)
{
    float *sm = tmp + heads * t->d * groups + 2 * (r * groups + g);
    sm[0] = t->l[i];
    sm[1] = t->m[i];
}

/* factor[4 g + 0..3] = exp(M_g - M); returns sum_g S_g exp(M_g - M). */
VF_INLINE float attend_merge_factors(const float *sm, int64_t groups, float *factor)
{
    float m = ATTEND_NEG_BIG, z = 0;
    for (int64_t g = 0; g < groups; g++) m = sm[2 * g + 1] > m ? sm[2 * g + 1] : m;
    for (int64_t g = 0; g < groups; g++) {
        const float e = vf_exp2(vf_set1((sm[2 * g + 1] - m) * 1.44269504f))[0];
        for (int i = 0; i < 4; i++) factor[4 * g + i] = e;
        z += sm[2 * g] * e;
    }
    return z;
}

/* Row r of out.  Four columns of all groups lie together, so a vector holds four columns of VL/4 groups. */
VF_INLINE void attend_merge(const float *tmp, int64_t r, int64_t rows, int64_t groups, int64_t d, float *out)
{
    const float *a = tmp + r * d * groups;
    float factor[4 * ATTEND_MAX_GROUPS], lane[VL];
    const float z = attend_merge_factors(tmp + (rows * d + 2 * r) * groups, groups, factor), unit = z == 0 ? 0 : 1 / z;
    for (int64_t c = 0; c < d; c += 4, a += 4 * groups) {
        const int64_t n = 4 * groups;
        vf acc = { 0 };
        int64_t j = 0;
        for (; j + VL <= n; j += VL) acc = vf_fma(vf_load_f32(a + j), vf_load_f32(factor + j), acc);
        if (j < n) acc = vf_fma(vf_load_part(MXB_F32, a, j, n - j), vf_load_part(MXB_F32, factor, j, n - j), acc);
        vf_store_f32(lane, acc);
        for (int w = VL / 2; w >= 4; w /= 2)
            for (int i = 0; i < w; i++) lane[i] += lane[i + w];
        for (int i = 0; i < 4; i++) out[r * d + c + i] = lane[i] * unit;
    }
}
#endif
