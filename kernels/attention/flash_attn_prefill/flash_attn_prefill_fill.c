/* Inputs of flash_attn_prefill: masks and their tile classes, and the fills whose answer is known in advance.
 *
 * Every cell and element is a pure function of (seed, position), so Q, which comes before the mask in the table, can be
 * made to match keys that its row attends.
 *
 * Needle and exact fill: each key carries a random codeword of +-1, K is the codeword, Q is a times the codeword of the
 * row's target.  With g = T(alpha a) the target scores g D, another key g n with n a sum of D random signs.  g is in
 * [2,4), with D = 128 in [8,16), with D = 64 in [16,32): to come within 160 of the target |n| would need 18 (D = 512), 11, 9
 * or 6.7 (D = 64) standard deviations.  160 binary orders below the maximum exp2 is 0 in f32, subnormals included.
 *   needle  one key per codeword: the output is that key's V, whatever the tiling.
 *   exact   one, two or four attended keys share the target's codeword.  g has few bits (see amplitude), so partial sums
 *           of scores, n g, are exact in f32 in every order and the targets' scores equal; their weights are exactly
 *           exp2(0) = 1 and V holds integers of at most 8: sums, and quotients by 1, 2 or 4, are exact in every T. */
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_host.h"
#include <math.h>

enum {                               /* streams of mxb_rand_*; the harness uses the tensor's number for generic content */
    STREAM_CELL = 0x100, STREAM_BIAS, STREAM_MASK_ROW, STREAM_CODE, STREAM_TARGET, STREAM_DIRECTION, STREAM_PROBE
};
static const double SOFT_BLOCK = -1e4, EXACT_BIAS = -128;

/* ---- masks ---- */

/* Additive mask value of a cell; -inf where a bool mask is false. */
static double mask_cell(const struct mxb_problem *pr, uint64_t head, uint32_t q, uint32_t k)
{
    const struct flash_attn_prefill_params *p = pr->params;
    const bool boolmask = pr->dtype[T_MASK] == MXB_BOOL;
    const uint64_t row = (p->mask == MASK_RANK4 ? head * p->seq_len_q : 0) + q, cell = row * p->seq_len_k + k;
    uint32_t lo, hi, percent;
    double value = 0;
    switch (p->mask == MASK_NONE ? -1 : (int)p->mask_fill) {
    case CONTENT_WINDOW:
        flash_attn_prefill_keys(p, q, &lo, &hi);
        value = k >= lo && k < hi ? 0 : -INFINITY;
        break;
    case CONTENT_RANDOM:             /* about 30 % of the cells, and one row in sixteen */
        if (mxb_rand_u32(pr->seed, STREAM_MASK_ROW, row) % 16 == 0 || mxb_rand_u32(pr->seed, STREAM_CELL, cell) % 10 < 3)
            value = -INFINITY;
        break;
    case CONTENT_CHECKER:
        value = ((p->mask == MASK_RANK4 ? head : 0) + q + k) % 2 ? SOFT_BLOCK : 0;
        break;
    case CONTENT_BIAS:
        percent = mxb_rand_u32(pr->seed, STREAM_CELL, cell) % 100;
        if (pr->fill == MXB_FILL_EXACT)
            value = percent < 60 ? 0 : EXACT_BIAS;
        else
            value = mxb_rand_normal(pr->seed, STREAM_BIAS, cell);
        value = percent >= 85 ? -INFINITY : value;
        break;
    case CONTENT_FULL:
        value = -INFINITY;
        break;
    default:
        break;
    }
    return boolmask ? (value > -1000 ? 0 : -INFINITY) : value;
}

static void fill_mask(const struct mxb_problem *pr, void *out)
{
    const struct flash_attn_prefill_params *p = pr->params;
    const uint64_t heads = p->mask == MASK_RANK4 ? (uint64_t)p->batch * p->n_heads : 1;
    uint64_t i = 0;
    for (uint64_t head = 0; head < heads; head++)
        for (uint32_t q = 0; q < p->seq_len_q; q++)
            for (uint32_t k = 0; k < p->seq_len_k; k++, i++) {
                const double value = mask_cell(pr, head, q, k);
                mxb_store(pr->dtype[T_MASK], out, i, pr->dtype[T_MASK] == MXB_BOOL ? value == 0 : value);
            }
}

/* Class of the tile at (q0, k0) over all heads of the mask: 0 = nothing is attended, 2 = the mask changes nothing,
 * 1 = otherwise, and where the tile extends past the last key. */
static uint8_t tile_class(const struct mxb_problem *pr, const void *mask, uint32_t q0, uint32_t k0, int64_t bq, int64_t bk)
{
    const struct flash_attn_prefill_params *p = pr->params;
    const uint64_t heads = p->mask == MASK_RANK4 ? (uint64_t)p->batch * p->n_heads : 1;
    const bool boolmask = pr->dtype[T_MASK] == MXB_BOOL;
    bool all_blocked = true, all_open = true;
    if (k0 + bk > p->seq_len_k)
        return 1;
    for (uint64_t head = 0; head < heads; head++)
        for (uint64_t q = q0; q < (uint64_t)(q0 + bq) && q < p->seq_len_q; q++)
            for (uint64_t k = k0; k < (uint64_t)(k0 + bk); k++) {
                const double v = mxb_load(pr->dtype[T_MASK], mask, (head * p->seq_len_q + q) * p->seq_len_k + k);
                all_blocked &= boolmask ? v == 0 : v <= -1e30;
                all_open &= boolmask ? v != 0 : v == 0;
            }
    return all_blocked ? 0 : all_open ? 2 : 1;
}

static void fill_blk(const struct mxb_gen_ctx *g, uint8_t *out)
{
    const struct flash_attn_prefill_params *p = g->pr->params;
    const int64_t bq = g->tile(g, "BQ"), bk = g->tile(g, "BK");
    for (int64_t q = 0; q < p->seq_len_q; q += bq)
        for (int64_t k = 0; k < p->seq_len_k; k += bk)
            *out++ = tile_class(g->pr, g->stored[T_MASK], (uint32_t)q, (uint32_t)k, bq, bk);
}

/* ---- targets of the needle and exact fills ---- */

/* Keys with the codeword of key k, the lowest first.  Exact: of eight neighbours 0 and 1 form a pair, 2 is single, 3 and
 * 4 form a pair, 5 is single, 6 and 7 each belong to four keys eight apart.  Neighbours in a pair find an edge that is
 * off by one.  Any run of attended keys holds one whose codeword is attended once, twice or four times. */
static uint32_t codeword_keys(const struct mxb_problem *pr, uint32_t k, uint32_t key[4])
{
    const uint32_t place = k % 8;
    uint32_t n = 1, step = 1;
    key[0] = k;
    if (pr->fill == MXB_FILL_EXACT && place >= 6) {
        key[0] = k / 32 * 32 + place;
        n = 4;
        step = 8;
    } else if (pr->fill == MXB_FILL_EXACT && place != 2 && place != 5) {
        key[0] = place == 1 || place == 4 ? k - 1 : k;
        n = 2;
    }
    for (uint32_t i = 1; i < n; i++)
        key[i] = key[0] + i * step;
    return n;
}

/* Attended keys [lo,hi) that share key k's codeword and its mask value: the weight is spread over them alone. */
static uint32_t count_targets(const struct mxb_problem *pr, uint64_t head, uint32_t q, uint32_t k, uint32_t lo, uint32_t hi)
{
    uint32_t key[4], n = 0;
    const uint32_t all = codeword_keys(pr, k, key);
    const double value = mask_cell(pr, head, q, k);
    for (uint32_t i = 0; i < all; i++)
        n += key[i] >= lo && key[i] < hi && mask_cell(pr, head, q, key[i]) == value;
    return n;
}

/* A key in [lo,hi) where the search for a target of this row begins: often an end or next to an edge of a tile. */
static uint32_t first_candidate(const struct mxb_problem *pr, uint64_t row, uint32_t lo, uint32_t hi)
{
    const uint32_t word = mxb_rand_u32(pr->seed, STREAM_TARGET, row), kind = word % 8;
    if (kind == 0)
        return lo;
    if (kind <= 2)
        return hi - 1;
    if (kind == 7)
        return lo + word / 8 % (hi - lo);
    const uint32_t edge = UINT32_C(8) << (kind - 3), tile = word / 32 % (hi / edge + 1);
    const int64_t k = (int64_t)edge * tile + word / 8 % 3 - 1;
    return k < lo ? lo : k >= hi ? hi - 1 : (uint32_t)k;
}

/* The key that row q of a head is to match.  Masked-out keys are no targets; soft-blocked ones only where the row has no
 * other.  False if the row attends nothing. */
static bool find_target(const struct mxb_problem *pr, uint64_t head, uint32_t q, uint32_t *target)
{
    const struct flash_attn_prefill_params *p = pr->params;
    uint32_t lo, hi;
    flash_attn_prefill_keys(p, q, &lo, &hi);
    if (lo == hi || (p->mask != MASK_NONE && p->mask_fill == CONTENT_FULL))
        return false;
    const uint32_t start = first_candidate(pr, head * p->seq_len_q + q, lo, hi), n = hi - lo;
    for (int soft = 0; soft < 2; soft++)
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t k = lo + (start - lo + i) % n;
            const double value = mask_cell(pr, head, q, k);
            if (soft ? value == -INFINITY : value < 0)
                continue;
            const uint32_t count = count_targets(pr, head, q, k, lo, hi);
            if (count != 3) {
                *target = k;
                return true;
            }
        }
    return false;
}

/* ---- contents of rows ---- */

/* Number `index` of a family of random vectors of +-1. */
static void random_signs(const struct mxb_problem *pr, uint32_t stream, uint64_t index, uint32_t d, double *out)
{
    for (uint32_t c = 0; c < d; c++)
        out[c] = 0;
    for (uint32_t c = 0; c < d; c += 32) {
        const uint32_t word = mxb_rand_u32(pr->seed, stream, (index * d + c) / 32);
        for (uint32_t i = 0; i < 32; i++)
            out[c + i] = word >> i & 1 ? -1 : 1;
    }
}

/* a with g = T(alpha a) in its range, see the head of this file: in [2,4) times `more`, a power of two.  alpha has at most 11 bits where it is 16-bit, so any power
 * of two will do; for f32 one of 64 short numbers g is met, each with a chance of at least one half.  Without narrow_q
 * the factor alpha comes after the exact sum. */
static double amplitude(const struct mxb_problem *pr)
{
    const struct flash_attn_prefill_params *p = pr->params;
    const double alpha = flash_attn_prefill_alpha(pr), size = fabs(alpha);
    const uint32_t d = flash_attn_prefill_head_dim(pr->entry);
    const double more = d >= 256 ? 1 : d >= 128 ? 4 : 8;
    if (p->narrow_q && pr->dtype[T_Q] == MXB_F32)
        for (int i = 0; i < 64; i++) {
            const double g = 2 + i / 32.0;
            const float near = (float)(g / size), a[3] = { near, nextafterf(near, 0), nextafterf(near, INFINITY) };
            for (int k = 0; k < 3; k++)
                if (mxb_round(MXB_F32, size * (double)a[k]) == g)
                    return copysign(more * (double)a[k], alpha);
        }
    return copysign(ldexp(more, (int)ceil(1 - log2(size))), alpha);
}

struct rows {                        /* a Q, K or V under construction */
    const struct mxb_problem *pr;
    uint32_t t, d;
    double amplitude;                /* of Q */
};

/* Query row `row`, needle and exact: a times the target's codeword; where nothing is attended the content is free. */
static void matching_row(const struct rows *f, uint64_t row, double *out)
{
    const struct flash_attn_prefill_params *p = f->pr->params;
    const uint64_t head = row / p->seq_len_q, b = head / p->n_heads, h = head % p->n_heads;
    const uint64_t kv_head = b * p->n_kv_heads + h / (p->n_heads / p->n_kv_heads);
    uint32_t target = 0, key[4];
    if (find_target(f->pr, head, (uint32_t)(row % p->seq_len_q), &target))
        codeword_keys(f->pr, target, key);
    else
        key[0] = 0;
    random_signs(f->pr, STREAM_CODE, kv_head * p->seq_len_k + key[0], f->d, out);
    for (uint32_t c = 0; c < f->d; c++)
        out[c] *= f->amplitude;
}

static void code_row(const struct rows *f, uint64_t row, double *out)
{
    const struct flash_attn_prefill_params *p = f->pr->params;
    const uint32_t k = (uint32_t)(row % p->seq_len_k);
    uint32_t key[4];
    codeword_keys(f->pr, k, key);
    random_signs(f->pr, STREAM_CODE, row - k + key[0], f->d, out);
}

static void normal_row(const struct rows *f, uint64_t row, double *out)
{
    for (uint32_t c = 0; c < f->d; c++)
        out[c] = mxb_rand_normal(f->pr->seed, f->t, row * f->d + c);
}

static void integer_row(const struct rows *f, uint64_t row, double *out)
{
    for (uint32_t c = 0; c < f->d; c++)
        out[c] = (int)(mxb_rand_u32(f->pr->seed, f->t, row * f->d + c) % 17) - 8;
}

/* Logits (natural) of a few units around an offset of +120 (query rows 0 mod 4), -120 (1), a ramp from -40 to 40 over the
 * keys (2), and a falling ramp around +120 (3): exp without subtraction of the maximum overflows or vanishes, and the
 * running maximum rises often.  Two directions u, v carry offset and ramp:
 *     Q = (z + A u + C v) / (scale sqrt(D)),   K_j = z_j + 3 u + 3 r_j v,   r_j from -1 to 1,   V = z + (0 or 100 by columns). */
static void large_row(const struct rows *f, uint64_t row, double *out)
{
    const struct flash_attn_prefill_params *p = f->pr->params;
    const double root = sqrt(f->d), offset = 120 / (3 * root), ramp = 40 / (3 * root);
    double u[HEAD_DIM_MAX], v[HEAD_DIM_MAX], along_u = 3, along_v = 0, factor = 1;
    random_signs(f->pr, STREAM_DIRECTION, 0, f->d, u);
    random_signs(f->pr, STREAM_DIRECTION, 1, f->d, v);
    normal_row(f, row, out);
    if (f->t == T_V) {
        for (uint32_t c = 1; c < f->d; c += 2)
            out[c] += 100;
        return;
    }
    if (f->t == T_Q) {
        const uint32_t kind = (uint32_t)(row % p->seq_len_q % 4);
        along_u = kind == 1 ? -offset : kind == 2 ? 0 : offset;
        along_v = kind == 2 ? ramp : kind == 3 ? -ramp : 0;
        factor = 1 / ((double)p->scale * root);
    } else if (p->seq_len_k > 1) {
        along_v = 3 * (2.0 * (double)(row % p->seq_len_k) / (p->seq_len_k - 1) - 1);
    }
    for (uint32_t c = 0; c < f->d; c++)
        out[c] = factor * (out[c] + along_u * u[c] + along_v * v[c]);
}

/* True if row q of a head attends key k, or with k = UINT32_MAX any key. */
static bool attends(const struct mxb_problem *pr, uint64_t head, uint32_t q, uint32_t k)
{
    uint32_t lo, hi;
    flash_attn_prefill_keys(pr->params, q, &lo, &hi);
    if (k != UINT32_MAX)
        return k >= lo && k < hi && mask_cell(pr, head, q, k) > SOFT_BLOCK;
    for (k = lo; k < hi; k++)
        if (mask_cell(pr, head, q, k) > -INFINITY)
            return true;
    return false;
}

/* Query rows of the probe: logits of a few units, so that no weight vanishes, and a NaN in some rows that attend a key.
 * An infinity would meet -inf masks, where kernels may or may not turn it into NaN. */
static void probe_q_row(const struct rows *f, uint64_t row, double *out)
{
    const struct flash_attn_prefill_params *p = f->pr->params;
    const uint64_t rows = (uint64_t)p->batch * p->n_heads * p->seq_len_q;
    const uint32_t word = mxb_rand_u32(f->pr->seed, STREAM_PROBE, row);
    const double factor = fmin(1, 1 / (fabs((double)p->scale) * sqrt(f->d)));
    normal_row(f, row, out);
    for (uint32_t c = 0; c < f->d; c++)
        out[c] *= factor;
    if ((word % 8 == 0 || row == f->pr->seed % rows) &&
        attends(f->pr, row / p->seq_len_q, (uint32_t)(row % p->seq_len_q), UINT32_MAX))
        out[word / 8 % f->d] = NAN;
}

/* True if every query row that reads key row k of a kv head attends it: then its NaN reaches all of them, and no kernel
 * can be told from another by what it does with 0 * NaN. */
static bool attended_by_all(const struct mxb_problem *pr, uint64_t kv_head, uint32_t k)
{
    const struct flash_attn_prefill_params *p = pr->params;
    const uint32_t group = p->n_heads / p->n_kv_heads;
    for (uint32_t h = 0; h < group; h++)
        for (uint32_t q = 0; q < p->seq_len_q; q++)
            if (!attends(pr, kv_head * group + h, q, k))
                return false;
    return true;
}

/* NaN and both infinities in three columns of one key row per kv head, where the masks leave such a row. */
static void probe_v(const struct rows *f, void *out)
{
    const struct flash_attn_prefill_params *p = f->pr->params;
    static const double special[3] = { NAN, INFINITY, -INFINITY };
    for (uint64_t kv_head = 0; kv_head < (uint64_t)p->batch * p->n_kv_heads; kv_head++) {
        const uint32_t word = mxb_rand_u32(f->pr->seed, STREAM_PROBE, UINT64_C(1) << 40 | kv_head);
        uint32_t k = word % p->seq_len_k;
        if (!attended_by_all(f->pr, kv_head, k))
            k = 0;
        if (!attended_by_all(f->pr, kv_head, k))
            continue;
        for (uint32_t i = 0; i < 3; i++)
            mxb_store(f->pr->dtype[T_V], out, (kv_head * p->seq_len_k + k) * f->d + (word / 16 + i) % f->d, special[i]);
    }
}

typedef void (*row_fn)(const struct rows *, uint64_t row, double *out);

/* NULL: the harness's own normal numbers, or no matrix of rows. */
static row_fn pick_content(enum mxb_fill fill, uint32_t t)
{
    if (t > T_V)
        return NULL;
    switch (fill) {
    case MXB_FILL_EXACT:  return t == T_Q ? matching_row : t == T_K ? code_row : integer_row;
    case MXB_FILL_NEEDLE: return t == T_Q ? matching_row : t == T_K ? code_row : normal_row;
    case MXB_FILL_LARGE:  return large_row;
    case MXB_FILL_PROBE:  return t == T_Q ? probe_q_row : normal_row;
    default:              return NULL;
    }
}

bool flash_attn_prefill_generate(const struct mxb_gen_ctx *g, uint32_t t, void *out)
{
    const struct mxb_problem *pr = g->pr;
    const struct rows f = { pr, t, flash_attn_prefill_head_dim(pr->entry), amplitude(pr) };
    const row_fn content = pick_content(pr->fill, t);
    double row[HEAD_DIM_MAX];
    if (t == T_MASK)
        fill_mask(pr, out);
    if (t == T_BLK)
        fill_blk(g, out);
    if (!content)
        return t == T_MASK || t == T_BLK;
    for (uint64_t i = 0; i < pr->nelem[t] / f.d; i++) {
        content(&f, i, row);
        for (uint32_t c = 0; c < f.d; c++)
            mxb_store(pr->dtype[t], out, i * f.d + c, row[c]);
    }
    if (pr->fill == MXB_FILL_PROBE && t == T_V)
        probe_v(&f, out);
    return true;
}
