/* Tiled prefill attention on the CPU, O = softmax(scale Q K^T + mask) V with the online softmax in base 2, for the vector
 * width of the including file, which defines KERNEL as the name of the function.  One item = one query tile of one head.
 *
 * Queries lie across the lanes.  A tile of BQ queries is cut into panels of QW = QN * VL.  A panel's Q is transposed once
 * per item, so the scores come from broadcast keys and the softmax needs no operation across lanes:
 *     S[j][i] = sum_d K[j][d] Qt[d][i]          KN keys x QN vectors of queries in registers
 *     O[i][d] = O[i][d] f[i] + sum_j P[j][i] V[j][d]          PN queries x DN vectors of d in registers
 * Operands are f32 (flash_attn_prefill_cpu_f32.h), pairs of bf16 (.._pairs.h) or f16 (.._halves.h), products are made in vectors
 * (.._vectors.h) or AMX tiles (.._tiles.h): flash_attn_prefill_cpu_tile.h says how the including file chooses.
 *
 * Queries (a vector of them) for which a whole key tile is masked keep their state bit for bit, which is also what skipping
 * the tile (class 0 of blk) does. */
#if defined(HALVES)
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_halves.h"
#elif defined(PAIRS)
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_pairs.h"
#else
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_f32.h"
#endif
#if defined(TILES)
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_tiles.h"
#elif !defined(HALVES)
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_vectors.h"
#endif
#if !defined(TILES)
#define TILES_BEGIN()
#define TILES_END()
#endif

/* Qt from rows of Q, scaled by T(scale * log2 e) and rounded to T where narrow_q is set. */
VF_INLINE void load_q_as(enum mxb_dtype dt, const struct tile *t, const void *q)
{
    const vf alpha = vf_round(dt, vf_set1(t->p->scale * LOG2E));
    for (int64_t i = 0; i < t->rows_pad; i++) {
        operand *qt = t->qt + i / QW * QW * (t->d / PER) + i % QW;
        for (int64_t d = 0; d < t->d; d += VL) {
            vf x = { 0 };
            if (i < t->rows) {
                x = vf_load(dt, q, i * t->d + d);
                x = t->p->narrow_q ? vf_round(dt, x * alpha) : x;
            }
            put_column(x, qt + d / PER * QW);
        }
    }
}

/* Scores of the panel that begins with query row i, as far as its last row attends; in whole blocks of KN keys. */
static void scores(const struct tile *t, int64_t i)
{
    const int64_t rows = least(QW, t->rows - i), n = keys_of_row(t, i + rows - 1);
    for (int64_t j = 0; j < n; j += KN) {
        score_block(t, i, j);
    }
}

/* Online softmax of the VL queries from row i: their scores become probabilities, m, l and f move on. */
static void softmax(struct tile *t, int64_t i, bool masked)
{
    const int64_t n = keys_of_row(t, least(i + VL, t->rows) - 1);
    const vi exists = vi_iota() < vi_set1((int32_t)(t->rows - i));
    const vf blocked = vf_set1(-INFINITY), m0 = vf_load_f32(t->m + i);
    float *s = column(t, i);
    vf m = m0;
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
    const vf sum = weigh(s, n, m);
    place_weights(t, i, n);
    const vf f = vf_exp2(m0 - m);
    vf_store_f32(t->f + i, f);
    vf_store_f32(t->l + i, vf_fma(vf_load_f32(t->l + i), f, sum));
    vf_store_f32(t->m + i, m);
}

static void values(const struct tile *t)
{
    for (int64_t c = 0; c < t->d; c += DW) {
        for (int64_t i = 0; i < t->rows; i += PN) {
            if (t->live[i / VL]) {
                value_block(t, i, c, keys_of_row(t, least(i + PN, t->rows) - 1));
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

/* Lays the working memory out in the thread's scratch. */
static void start(struct tile *t, char *scratch, int64_t bk)
{
    t->rows_pad = (t->rows + QW - 1) / QW * QW;
    t->bk_pad = (bk + KN - 1) / KN * KN;
    const int64_t queries = t->rows_pad * (t->d / PER), keys = t->bk_pad * (t->d / PER);
    t->qt = (operand *)scratch;
    t->room = t->qt + queries;
    t->v = t->room + keys;
    t->o = (float *)(t->v + keys);
    t->s = t->o + t->rows_pad * t->d;
    t->m = t->s + t->rows_pad * t->bk_pad;
    t->l = t->m + t->rows_pad;
    t->f = t->l + t->rows_pad;
    t->turned = (operand *)(t->f + t->rows_pad);
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
        prepare_k(&t, k + t.k0 * d * size);
        prepare_v(&t, v + t.k0 * d * size);
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
    TILES_BEGIN();
    for (int64_t item = begin; item < end; item++) {
        query_tile(a, item);
    }
    TILES_END();
}
