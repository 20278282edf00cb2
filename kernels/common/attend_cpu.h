/* Attention of a few query rows of one key/value head on the CPU, chunk by chunk of 32 keys with an online softmax, for the
 * vector width of the including file.  K and V are read once for all rows.
 *
 *     S[i][j] = scale Q[i].K[j]                    HN rows x KN keys in registers, lanes across d
 *     m' = max(m, S), P = exp(S - m'), l = l f + sum P, f = exp(m - m')       per row
 *     A[i][d] = A[i][d] f[i] + sum_j P[i][j] V[j][d]        HN rows x DN vectors of d in registers
 *
 * With each vector of K or V goes a prefetch in the next chunk, in the order of addresses, so that memory works while the
 * products are made; fetching blocks ahead of their use made the two take turns.
 *
 * Each row i attends keys [lo[i], hi[i]); others get weight 0, and keys that no row attends are not read. */
#ifndef ATTEND_CPU_H
#define ATTEND_CPU_H
#include <math.h>
#include "kernels/common/mxb_cpu.h"

enum { ATTEND_KEYS = 32 };
/* Blocks of registers: HN rows x KN keys for scores, HN rows x DN vectors of columns for values; behind the last HN rows two
 * or one, with KN1 keys and DN1 vectors. */
#if defined(VF_AVX512)
enum { ATTEND_HN = 4, ATTEND_KN = 4, ATTEND_KN1 = 8, ATTEND_DN = 4, ATTEND_DN1 = 8 };      /* 16 accumulators of 32 registers */
#else
enum { ATTEND_HN = 2, ATTEND_KN = 4, ATTEND_KN1 = 4, ATTEND_DN = 4, ATTEND_DN1 = 8 };      /* 8 of 16 */
#endif
enum { ATTEND_SUMS = 16 };           /* no block has more accumulators */

static const float ATTEND_NEG_BIG = -0x1.fffffep126f;  /* -FLT_MAX / 2: the running maximum starts finite and stays so */

struct attend {                      /* query rows of one head with their state */
    int64_t d, pad, rows;            /* head dimension; rounded up to a vector; number of rows */
    float scale;
    int64_t *lo, *hi;                /* [rows]: keys that a row attends */
    float *q, *a;                    /* [rows][pad]: queries, zero behind d; sums of weighted values */
    float *s;                        /* [rows][ATTEND_KEYS]: scores of a chunk, then weights */
    float *m, *l, *f;                /* [rows]: running maximum, sum of weights, factor that this chunk puts on the sums */
    int64_t ahead;                   /* bytes from a key of this chunk to its counterpart in the next, 0 = no next */
};

/* No key is attended yet. */
VF_INLINE void attend_clear(const struct attend *t)
{
    memset(t->a, 0, sizeof *t->a * (size_t)(t->rows * t->pad));
    for (int64_t i = 0; i < t->rows; i++) {
        t->m[i] = ATTEND_NEG_BIG;
        t->l[i] = 0;
    }
}

/* Lays the state out in the thread's scratch, at most 8 d + 512 bytes per row and 4096 more. */
VF_INLINE void attend_start(struct attend *t, void *scratch)
{
    t->pad = (t->d + VL - 1) / VL * VL;
    t->q = scratch;
    t->a = t->q + t->rows * t->pad;
    t->s = t->a + t->rows * t->pad;
    t->m = t->s + t->rows * ATTEND_KEYS;
    t->l = t->m + t->rows;
    t->f = t->l + t->rows;
    t->lo = (int64_t *)(t->f + t->rows + (t->rows & 1));
    t->hi = t->lo + t->rows;
    attend_clear(t);
}

/* Widens the query rows, which lie one behind another from q on; `narrow` rounds them to f16 once. */
VF_INLINE void attend_load_q(enum mxb_dtype dt, const struct attend *t, const void *q, bool narrow)
{
    for (int64_t i = 0; i < t->rows; i++)
        for (int64_t c = 0; c < t->d; c += VL) {
            const int64_t at = i * t->d + c;
            vf x = c + VL <= t->d ? vf_load(dt, q, at) : vf_load_part(dt, q, at, t->d - c);
            if (narrow) x = vf_from_f16(vf_to_f16(x));
            vf_store_f32(t->q + i * t->pad + c, x);
        }
}

/* sum[i] = factor times the sum of the lanes of acc[i] for n vectors. */
VF_INLINE void attend_sums(const vf *acc, const int n, float factor, float *sum)
{
#if defined(VF_AVX512)
    __m512 a[ATTEND_SUMS], b[8], c[4];           /* four rounds halve the number of vectors, each lane keeps to one sum */
    VF_UNROLL
    for (int i = 0; i < ATTEND_SUMS; i++) a[i] = i < n ? (__m512)acc[i] : _mm512_setzero_ps();
    VF_UNROLL
    for (int i = 0; i < 8; i++)
        b[i] = _mm512_unpacklo_ps(a[2 * i], a[2 * i + 1]) + _mm512_unpackhi_ps(a[2 * i], a[2 * i + 1]);
    VF_UNROLL
    for (int i = 0; i < 4; i++) {
        const __m512d x = (__m512d)b[2 * i], y = (__m512d)b[2 * i + 1];
        c[i] = (__m512)_mm512_unpacklo_pd(x, y) + (__m512)_mm512_unpackhi_pd(x, y);
    }
    VF_UNROLL
    for (int i = 0; i < 2; i++)
        b[i] = _mm512_shuffle_f32x4(c[2 * i], c[2 * i + 1], 0x88) + _mm512_shuffle_f32x4(c[2 * i], c[2 * i + 1], 0xdd);
    vf_store_f32(sum, (_mm512_shuffle_f32x4(b[0], b[1], 0x88) + _mm512_shuffle_f32x4(b[0], b[1], 0xdd)) * factor);
#else
    for (int i = 0; i < n; i++) sum[i] = factor * vf_sum(acc[i]);
#endif
}

/* Says where the chunk behind that at key `base` begins; -1 = none follows. */
VF_INLINE void attend_announce(enum mxb_dtype dt, struct attend *t, int64_t base, int64_t next)
{
    t->ahead = next < 0 ? 0 : (next - base) * t->d * (dt == MXB_F32 ? 4 : 2);
}

/* Fetches the line that holds element i of K or V, one chunk further on, into the second-level cache. */
VF_INLINE void attend_fetch(enum mxb_dtype dt, const struct attend *t, const void *rows, int64_t i)
{
    __builtin_prefetch((const char *)rows + i * (dt == MXB_F32 ? 4 : 2) + t->ahead, 0, 2);
}

/* Raw scores of hn rows from q on and kn keys from k's row `key` on. */
VF_INLINE void attend_score(enum mxb_dtype dt, const struct attend *t, const float *q, const void *k, int64_t key, float *s,
                            const int hn, const int kn)
{
    vf acc[ATTEND_SUMS];                         /* in registers, as long as every index is a constant */
    float sum[ATTEND_SUMS];
    int64_t c = 0;
    VF_UNROLL
    for (int i = 0; i < hn * kn; i++) acc[i] = (vf){ 0 };
    for (; c + VL <= t->d; c += VL) {
        vf query[ATTEND_HN];
        VF_UNROLL
        for (int i = 0; i < hn; i++) query[i] = vf_load_f32(q + i * t->pad + c);
        VF_UNROLL
        for (int j = 0; j < kn; j++) {
            const vf x = vf_load(dt, k, (key + j) * t->d + c);
            attend_fetch(dt, t, k, key * t->d + c * kn + j * VL);
            VF_UNROLL
            for (int i = 0; i < hn; i++) acc[i * kn + j] = vf_fma(query[i], x, acc[i * kn + j]);
        }
    }
    if (c < t->d) {
        VF_UNROLL
        for (int j = 0; j < kn; j++) {
            const vf x = vf_load_part(dt, k, (key + j) * t->d + c, t->d - c);
            VF_UNROLL
            for (int i = 0; i < hn; i++) acc[i * kn + j] = vf_fma(vf_load_f32(q + i * t->pad + c), x, acc[i * kn + j]);
        }
    }
    attend_sums(acc, hn * kn, t->scale, sum);
    for (int i = 0; i < hn; i++)
        for (int j = 0; j < kn; j++) s[i * ATTEND_KEYS + j] = sum[i * kn + j];
}

/* Raw scores of row i and all rows behind it, as far as they fill blocks of hn, for kn keys of the chunk from j on. */
VF_INLINE int64_t attend_score_rows(enum mxb_dtype dt, const struct attend *t, int64_t i, const void *k, int64_t base, int64_t j,
                                    const int hn, const int kn)
{
    for (; i + hn <= t->rows; i += hn)
        attend_score(dt, t, t->q + i * t->pad, k, base + j, t->s + i * ATTEND_KEYS + j, hn, kn);
    return i;
}

/* Scores of keys [k0,k1) of the chunk that begins with key `base`. */
VF_INLINE void attend_scores(enum mxb_dtype dt, const struct attend *t, const void *k, int64_t base, int64_t k0, int64_t k1)
{
    int64_t j = k0;
    for (; j + ATTEND_KN1 <= k1; j += ATTEND_KN1) {
        int64_t i = 0;
        for (int64_t e = 0; e < ATTEND_KN1; e += ATTEND_KN) i = attend_score_rows(dt, t, 0, k, base, j + e, ATTEND_HN, ATTEND_KN);
        i = attend_score_rows(dt, t, i, k, base, j, 2, ATTEND_KN1);
        attend_score_rows(dt, t, i, k, base, j, 1, ATTEND_KN1);
    }
    for (; j < k1; j++) attend_score_rows(dt, t, 0, k, base, j, 1, 1);
}

/* Turns row i's scores of keys [k0,k1) of a chunk into weights and moves its maximum and sum on. */
VF_INLINE void attend_softmax(const struct attend *t, int64_t i, int64_t k0, int64_t k1)
{
    float *s = t->s + i * ATTEND_KEYS;
    vf m = vf_set1(t->m[i]), sum = { 0 };
    if (k0 >= k1) {                              /* nothing attended: the state stays bit for bit */
        for (int64_t j = 0; j < ATTEND_KEYS; j++) s[j] = 0;
        t->f[i] = 1;
        return;
    }
    for (int64_t j = 0; j < ATTEND_KEYS; j++)
        if (j < k0 || j >= k1) s[j] = -INFINITY;
    for (int64_t j = 0; j < ATTEND_KEYS; j += VL) m = vf_max(vf_load_f32(s + j), m);
    const float top = vf_max_lane(m);
    for (int64_t j = 0; j < ATTEND_KEYS; j += VL) {
        const vf p = vf_exp2((vf_load_f32(s + j) - top) * 1.44269504f);
        vf_store_f32(s + j, p);
        sum += p;
    }
    t->f[i] = vf_exp2(vf_set1((t->m[i] - top) * 1.44269504f))[0];
    t->l[i] = t->l[i] * t->f[i] + vf_sum(sum);
    t->m[i] = top;
}

/* A = A f + P V for hn rows from row i on, dn vectors of columns from c on and keys [k0,k1) of a chunk. */
VF_INLINE void attend_value(enum mxb_dtype dt, const struct attend *t, int64_t i, const void *v, int64_t base, int64_t c,
                            int64_t k0, int64_t k1, const int hn, const int dn)
{
    float *a = t->a + i * t->pad + c;
    const float *p = t->s + i * ATTEND_KEYS;
    vf acc[ATTEND_HN][ATTEND_DN1];
    VF_UNROLL
    for (int h = 0; h < hn; h++) {
        VF_UNROLL
        for (int e = 0; e < dn; e++) acc[h][e] = vf_load_f32(a + h * t->pad + e * VL) * t->f[i + h];
    }
    for (int64_t j = k0; j < k1; j++) {
        vf x[ATTEND_DN1];
        VF_UNROLL
        for (int e = 0; e < dn; e++) {
            const int64_t at = (base + j) * t->d + c + e * VL;
            x[e] = dn > 1 || c + VL <= t->d ? vf_load(dt, v, at) : vf_load_part(dt, v, at, t->d - c);
            attend_fetch(dt, t, v, (base + k0) * t->d + c * (k1 - k0) + ((j - k0) * dn + e) * VL);
        }
        VF_UNROLL
        for (int h = 0; h < hn; h++) {
            const vf w = vf_set1(p[h * ATTEND_KEYS + j]);
            VF_UNROLL
            for (int e = 0; e < dn; e++) acc[h][e] = vf_fma(w, x[e], acc[h][e]);
        }
    }
    VF_UNROLL
    for (int h = 0; h < hn; h++) {
        VF_UNROLL
        for (int e = 0; e < dn; e++) vf_store_f32(a + h * t->pad + e * VL, acc[h][e]);
    }
}

/* The same for whole rows. */
VF_INLINE void attend_value_rows(enum mxb_dtype dt, const struct attend *t, int64_t i, const void *v, int64_t base, int64_t k0,
                                 int64_t k1, const int hn, const int dn)
{
    int64_t c = 0;
    for (; c + dn * VL <= t->d; c += dn * VL) attend_value(dt, t, i, v, base, c, k0, k1, hn, dn);
    for (; c < t->d; c += VL) attend_value(dt, t, i, v, base, c, k0, k1, hn, 1);
}

VF_INLINE void attend_values(enum mxb_dtype dt, const struct attend *t, const void *v, int64_t base, int64_t k0, int64_t k1)
{
    int64_t i = 0;
    for (; i + ATTEND_HN <= t->rows; i += ATTEND_HN) attend_value_rows(dt, t, i, v, base, k0, k1, ATTEND_HN, ATTEND_DN);
    for (; i + 2 <= t->rows; i += 2) attend_value_rows(dt, t, i, v, base, k0, k1, 2, ATTEND_DN1);
    for (; i < t->rows; i++) attend_value_rows(dt, t, i, v, base, k0, k1, 1, ATTEND_DN1);
}

/* The chunk of keys [base, base + 32) of a head's dense K and V, as far as rows attend it; next: that of the whole chunk
 * that follows, or -1. */
VF_INLINE void attend_chunk(enum mxb_dtype dt, struct attend *t, const void *k, const void *v, int64_t base, int64_t next)
{
    int64_t k0 = ATTEND_KEYS, k1 = 0;            /* what any row attends */
    for (int64_t i = 0; i < t->rows; i++) {
        k0 = t->lo[i] - base < k0 ? t->lo[i] - base : k0;
        k1 = t->hi[i] - base > k1 ? t->hi[i] - base : k1;
    }
    k0 = k0 < 0 ? 0 : k0;
    k1 = k1 > ATTEND_KEYS ? ATTEND_KEYS : k1;
    if (k0 >= k1) return;
    attend_announce(dt, t, base, next);
    attend_scores(dt, t, k, base, k0, k1);
    for (int64_t i = 0; i < t->rows; i++) {
        const int64_t lo = t->lo[i] - base, hi = t->hi[i] - base;
        attend_softmax(t, i, lo < 0 ? 0 : lo, hi > ATTEND_KEYS ? ATTEND_KEYS : hi);
    }
    attend_values(dt, t, v, base, k0, k1);
}
#endif
