/* Tiled prefill attention on the CPU, O = softmax(scale Q K^T + mask) V with the online softmax in base 2, for the vector
 * width of the including file, which defines KERNEL as the name of the function.  One item = one query tile of one head.
 *
 * Queries lie across the lanes.  A tile of BQ queries is cut into panels of QW = QN * VL.  A panel's Q is transposed once
 * per item, so the scores come from broadcast keys and the softmax needs no operation across lanes:
 *     S[j][i] = sum_d K[j][d] Qt[d][i]          KN keys x QN vectors of queries in registers
 *     O[i][d] = O[i][d] f[i] + sum_j P[j][i] V[j][d]          PN queries x DN vectors of d in registers
 * K and V tiles are widened to f32 in scratch.  V is cut into panels of DW = DN * VL columns, since rows one head dimension
 * apart would fall into few sets of the first-level cache.
 *
 * Queries (a vector of them) for which a whole key tile is masked keep their state bit for bit, which is also what skipping
 * the tile (class 0 of blk) does. */
#include <math.h>
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill.h"
#include "kernels/common/mxb_cpu.h"

#if defined(VF_AVX512)
enum { QN = 2, KN = 8, PN = 8, DN = 2 };              /* 16 accumulators of 32 registers */
#else
enum { QN = 2, KN = 4, PN = 4, DN = 2 };              /* 8 of 16 */
#endif
enum { QW = QN * VL, DW = DN * VL, MAX_BQ = 128 };    /* PN divides VL: a block of PN queries has one vector's fate */

static const float LOG2E = 1.44269504f;
static const float NEG_BIG = -0x1.fffffep126f;        /* -FLT_MAX / 2: the running maximum starts finite and stays so */

struct tile {                        /* one query tile of one head, its current key tile, its working memory */
    const struct flash_attn_prefill_params *p;
    enum mxb_dtype dt;
    bool boolmask;
    const void *mask;                /* row q0 of the mask that belongs to this head, or NULL */
    int64_t d, bk_pad;               /* head dimension; BK rounded up to KN */
    int64_t q0, rows, rows_pad;      /* first query row, number of rows, the same rounded up to QW */
    int64_t k0, keys;                /* first key, number of keys before the end of the sequence */
    float *qt;                       /* [panel][d][QW], queries past the last row are 0 */
    float *k;                        /* [bk_pad][d] */
    float *v;                        /* [d / DW][bk_pad][DW] */
    float *s;                        /* [panel][bk_pad][QW]: scores, then probabilities */
    float *o;                        /* [rows_pad][d] */
    float *m, *l, *f;                /* [rows_pad]: running maximum, running sum, factor that this key tile puts on both sums */
    bool live[MAX_BQ / VL];          /* per vector of queries: attends some key of this key tile */
};

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Columns of query row i in the panels of width QW, n entries per column. */
static float *column(float *panels, int64_t i, int64_t n) { return panels + i / QW * QW * n + i % QW; }

/* Number of keys of the key tile that row i of the query tile may attend by the causal rule; earlier rows have no more. */
static int64_t keys_of_row(const struct tile *t, int64_t i)
{
    const int64_t n = t->q0 + i + (int64_t)t->p->q_offset + 1 - t->k0;
    return !t->p->do_causal ? t->keys : n < 0 ? 0 : least(n, t->keys);
}

/* Rows [0,n) of a dense [n][d] matrix as f32 in panels [d / cols][pad][cols]; cols = d keeps its shape. */
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

/* Qt from rows of Q, scaled by T(scale * log2 e) and rounded to T where narrow_q is set. */
VF_INLINE void load_q_as(enum mxb_dtype dt, const struct tile *t, const void *q)
{
    const vf alpha = vf_round(dt, vf_set1(t->p->scale * LOG2E));
    for (int64_t i = 0; i < t->rows_pad; i++) {
        float *qt = column(t->qt, i, t->d);
        for (int64_t d = 0; d < t->d; d += VL) {
            vf x = { 0 };
            if (i < t->rows) {
                x = vf_load(dt, q, i * t->d + d);
                x = t->p->narrow_q ? vf_round(dt, x * alpha) : x;
            }
            for (int e = 0; e < VL; e++) {
                qt[(d + e) * QW] = x[e];
            }
        }
    }
}

/* Scores of KN keys and qn vectors of queries. */
VF_INLINE void score_block(const float *qt, const float *k, int64_t d, float *s, const int qn)
{
    vf acc[KN][QN] = { 0 };
    for (int64_t x = 0; x < d; x++) {
        VF_UNROLL
        for (int j = 0; j < KN; j++) {
            const vf key = vf_set1(k[j * d + x]);
            VF_UNROLL
            for (int c = 0; c < qn; c++) {
                acc[j][c] = vf_fma(key, vf_load_f32(qt + x * QW + c * VL), acc[j][c]);
            }
        }
    }
    VF_UNROLL
    for (int j = 0; j < KN; j++) {
        VF_UNROLL
        for (int c = 0; c < qn; c++) {
            vf_store_f32(s + j * QW + c * VL, acc[j][c]);
        }
    }
}

/* Scores of the panel that begins with query row i, as far as its last row attends; in whole blocks of KN keys. */
static void scores(const struct tile *t, int64_t i)
{
    const int64_t rows = least(QW, t->rows - i), n = keys_of_row(t, i + rows - 1);
    const float *qt = column(t->qt, i, t->d);
    float *s = column(t->s, i, t->bk_pad);
    for (int64_t j = 0; j < n; j += KN) {
        if (rows > (QN - 1) * VL) {
            score_block(qt, t->k + j * t->d, t->d, s + j * QW, QN);
        } else {
            score_block(qt, t->k + j * t->d, t->d, s + j * QW, QN - 1);
        }
    }
}

/* Adds log2(e) * mask to one query's column of n scores. */
VF_INLINE void add_mask_as(enum mxb_dtype dt, const void *mask, int64_t first, int64_t n, float *s)
{
    for (int64_t j = 0; j < n; j += VL) {
        const int64_t part = least(VL, n - j);
        const vf x = part == VL ? vf_load(dt, mask, first + j) : vf_load_part(dt, mask, first + j, part);
        const vf bias = x * vf_set1(LOG2E);
        for (int64_t e = 0; e < part; e++) {
            s[(j + e) * QW] += bias[e];
        }
    }
}

static void mask_row(const struct tile *t, int64_t i, int64_t n)
{
    const int64_t first = i * t->p->seq_len_k + t->k0;
    float *s = column(t->s, i, t->bk_pad);
    if (!t->boolmask) {
        VF_BY_DTYPE(t->dt, add_mask_as, t->mask, first, n, s);
        return;
    }
    const uint8_t *attend = (const uint8_t *)t->mask + first;
    for (int64_t j = 0; j < n; j++) {
        s[j * QW] = attend[j] ? s[j * QW] : -INFINITY;
    }
}

/* Scale, causal rule and mask on n scores of the VL queries from row i. */
static void finish_scores(const struct tile *t, int64_t i, int64_t n, bool masked)
{
    const vf blocked = vf_set1(-INFINITY), scale = vf_set1(t->p->scale * LOG2E);
    const vi lane = vi_iota();
    float *s = column(t->s, i, t->bk_pad);
    if (!t->p->narrow_q) {
        for (int64_t j = 0; j < n; j++) {
            vf_store_f32(s + j * QW, vf_load_f32(s + j * QW) * scale);
        }
    }
    if (t->p->do_causal) {
        const int64_t own = t->q0 + i + (int64_t)t->p->q_offset - t->k0;      /* last key of lane 0, may be negative */
        for (int64_t j = own < 0 ? 0 : own + 1; j < n; j++) {
            const vi open = lane >= vi_set1((int32_t)(j - own));
            vf_store_f32(s + j * QW, vf_select(open, vf_load_f32(s + j * QW), blocked));
        }
    }
    for (int64_t e = 0; masked && e < least(VL, t->rows - i); e++) {
        mask_row(t, i + e, n);
    }
}

/* Online softmax of the VL queries from row i: their scores become probabilities, m, l and f move on. */
static void softmax(struct tile *t, int64_t i, bool masked)
{
    const int64_t n = keys_of_row(t, least(i + VL, t->rows) - 1);
    const vi exists = vi_iota() < vi_set1((int32_t)(t->rows - i));
    const vf blocked = vf_set1(-INFINITY), m0 = vf_load_f32(t->m + i);
    float *s = column(t->s, i, t->bk_pad);
    vf m = m0, sum = { 0 };
    vi live = { 0 };

    finish_scores(t, i, n, masked);
    for (int64_t j = 0; j < n; j++) {
        const vf x = vf_load_f32(s + j * QW);
        live |= x != blocked;                          /* true for NaN, which must reach the sums */
        m = vf_max(x, m);
    }
    t->live[i / VL] = vi_any(live & exists);
    if (!t->live[i / VL]) {
        return;
    }
    for (int64_t j = 0; j < n; j++) {
        const vf p = vf_exp2(vf_load_f32(s + j * QW) - m);
        vf_store_f32(s + j * QW, p);
        sum += p;
    }
    const vf f = vf_exp2(m0 - m);
    vf_store_f32(t->f + i, f);
    vf_store_f32(t->l + i, vf_fma(vf_load_f32(t->l + i), f, sum));
    vf_store_f32(t->m + i, m);
}

/* O = O f + P V for PN queries, DW columns and n keys. */
VF_INLINE void value_block(const float *p, const float *v, int64_t n, const float *f, int64_t d, float *o)
{
    vf acc[PN][DN];
    VF_UNROLL
    for (int i = 0; i < PN; i++) {
        VF_UNROLL
        for (int c = 0; c < DN; c++) {
            acc[i][c] = vf_load_f32(o + i * d + c * VL) * vf_set1(f[i]);
        }
    }
    for (int64_t j = 0; j < n; j++) {
        VF_UNROLL
        for (int i = 0; i < PN; i++) {
            const vf w = vf_set1(p[j * QW + i]);
            VF_UNROLL
            for (int c = 0; c < DN; c++) {
                acc[i][c] = vf_fma(w, vf_load_f32(v + j * DW + c * VL), acc[i][c]);
            }
        }
    }
    VF_UNROLL
    for (int i = 0; i < PN; i++) {
        VF_UNROLL
        for (int c = 0; c < DN; c++) {
            vf_store_f32(o + i * d + c * VL, acc[i][c]);
        }
    }
}

static void values(const struct tile *t)
{
    for (int64_t c = 0; c < t->d; c += DW) {
        for (int64_t i = 0; i < t->rows; i += PN) {
            if (t->live[i / VL]) {
                value_block(column(t->s, i, t->bk_pad), t->v + c * t->bk_pad, keys_of_row(t, least(i + PN, t->rows) - 1),
                            t->f + i, t->d, t->o + i * t->d + c);
            }
        }
    }
}

/* O / l, exact 0 for a row that attended nothing. */
VF_INLINE void store_o_as(enum mxb_dtype dt, const struct tile *t, void *out)
{
    for (int64_t i = 0; i < t->rows; i++) {
        const vf l = vf_set1(t->l[i]);
        for (int64_t d = 0; d < t->d; d += VL) {
            const vf x = vf_load_f32(t->o + i * t->d + d) / l;
            vf_store(dt, out, i * t->d + d, t->l[i] == 0 ? (vf){ 0 } : x);
        }
    }
}

/* Lays the working memory out in the thread's scratch: 4 (2 d (rows_pad + bk_pad) + rows_pad (bk_pad + 3)) bytes. */
static void start(struct tile *t, float *scratch, int64_t bk)
{
    t->rows_pad = (t->rows + QW - 1) / QW * QW;
    t->bk_pad = (bk + KN - 1) / KN * KN;
    t->qt = scratch;
    t->o = t->qt + t->rows_pad * t->d;
    t->k = t->o + t->rows_pad * t->d;
    t->v = t->k + t->bk_pad * t->d;
    t->s = t->v + t->bk_pad * t->d;
    t->m = t->s + t->rows_pad * t->bk_pad;
    t->l = t->m + t->rows_pad;
    t->f = t->l + t->rows_pad;
    memset(t->o, 0, sizeof *t->o * (size_t)(t->rows_pad * t->d));
    for (int64_t i = 0; i < t->rows_pad; i++) {
        t->m[i] = NEG_BIG;
        t->l[i] = 0;
    }
}

static void query_tile(const struct mxb_args *a, int64_t item)
{
    const struct flash_attn_prefill_params *p = a->params;
    const enum mxb_dtype dt = (enum mxb_dtype)a->spec[S_DTYPE];
    const int64_t bq = a->spec[S_BQ], bk = a->spec[S_BK], d = a->spec[S_BD], ql = p->seq_len_q, kl = p->seq_len_k;
    const int64_t qt = item % a->groups[0], h = item / a->groups[0] % p->n_heads, b = item / a->groups[0] / p->n_heads;
    const int64_t head = b * p->n_heads + h, kvhead = b * p->n_kv_heads + h / (p->n_heads / p->n_kv_heads);
    const int64_t size = dt == MXB_F32 ? 4 : 2, mask_size = a->spec[S_BOOLMASK] ? 1 : size;
    const int64_t end = p->do_causal ? least(kl, (qt + 1) * bq + (int64_t)p->q_offset) : kl, ntiles = (kl + bk - 1) / bk;
    const uint8_t *blk = p->has_blk ? (const uint8_t *)a->buf[T_BLK] + qt * ntiles : NULL;
    const char *k = (const char *)a->buf[T_K] + kvhead * kl * d * size;
    const char *v = (const char *)a->buf[T_V] + kvhead * kl * d * size;
    const int64_t q_at = (head * ql + qt * bq) * d * size;

    struct tile t = { .p = p, .dt = dt, .boolmask = a->spec[S_BOOLMASK], .d = d, .q0 = qt * bq };
    t.rows = least(bq, ql - t.q0);
    if (p->mask) {
        t.mask = (const char *)a->buf[T_MASK] + ((p->mask == 2 ? head * ql : 0) + t.q0) * kl * mask_size;
    }
    start(&t, a->scratch, bk);
    VF_BY_DTYPE(dt, load_q_as, &t, (const char *)a->buf[T_Q] + q_at);
    for (int64_t kb = 0; kb * bk < end; kb++) {
        if (blk && blk[kb] == 0) {
            continue;
        }
        t.k0 = kb * bk;
        t.keys = least(bk, kl - t.k0);
        VF_BY_DTYPE(dt, widen_as, k + t.k0 * d * size, t.keys, t.bk_pad, d, d, t.k);
        VF_BY_DTYPE(dt, widen_as, v + t.k0 * d * size, t.keys, t.bk_pad, d, DW, t.v);
        for (int64_t i = 0; i < t.rows; i += QW) {
            scores(&t, i);
        }
        for (int64_t i = 0; i < t.rows; i += VL) {
            softmax(&t, i, t.mask && !(blk && blk[kb] == 2));
        }
        values(&t);
    }
    VF_BY_DTYPE(dt, store_o_as, &t, (char *)a->buf[T_O] + q_at);
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    for (int64_t item = begin; item < end; item++) {
        query_tile(a, item);
    }
}
