/* Inputs of flash_attn_vec_tq_hb.  In all fills slots behind kv_seq_len have NaN norms: nothing may read them; slots
 * that are not attended have keys and values four times as long: nothing may count them.  Bits above codebook_bits are
 * random.
 *
 * Normal: random indices, norms around that of unit coordinates, Q such that scores spread over a few units.  Large: Q
 * eight times as large and keys that grow along the slots, so that the running maximum rises often.
 *
 * Exact: Q is +-16 in one coordinate of each key/value head and 0 elsewhere; there keys have the highest index (one,
 * two or four targets) or the lowest, and a norm that is a power of two.  Scores are one product, +s or -s with s >=
 * 64, so that weights are exactly 1 or, beside a target, 0.  Values: a centroid C whose rounded inverse w has |C w - 1|
 * < 2^-26 and a norm that makes c = w 2^e, e = 0, 1 or 2 by slots, give 2^e to the bit, the sign by coordinate alone.
 * So sums are integers that never cancel, exact in every order, fused or not, and quotients by one, two or four.
 * All of this needs norm / scale_factor_d512 to be exact: where it is no power of two, the norms are 0. */
#include <math.h>
#include "kernels/common/tq_oracle.h"
#include "kernels/turboquant/flash_attn_vec_tq_hb/flash_attn_vec_tq_hb.h"

enum { STREAM_NORMAL = 0x76740001, STREAM_BYTE, STREAM_NORM = STREAM_BYTE + T_DST, STREAM_HOT = STREAM_NORM + T_DST,
       STREAM_TARGET, STREAM_SIGN };             /* of mxb_rand_*; some are followed by one per tensor */

struct fill {
    const struct mxb_problem *pr;
    const struct flash_attn_vec_tq_hb_params *p;
    uint32_t dim, blocks;
    double unit;                     /* norm of a vector of unit coordinates */
    bool exact_unit;                 /* a power of two */
};

static struct fill make_fill(const struct mxb_problem *pr)
{
    struct fill f = { .pr = pr, .p = pr->params, .dim = flash_attn_vec_tq_hb_dim(pr) };
    int exponent;
    f.blocks = f.dim / 256;
    f.unit = f.dim == 256 ? 16 : (double)f.p->scale_factor_d512;
    f.exact_unit = frexp(f.unit, &exponent) == 0.5;
    return f;
}

/* ---- exact ---- */

static uint32_t hot_coordinate(const struct fill *f, uint32_t kv)
{
    return mxb_rand_u32(f->pr->seed, STREAM_HOT, kv) % f->dim;
}

/* Targets of a key/value head in logical order: the newest, the oldest, and anywhere; at most four and all of them
 * different. */
static uint32_t find_targets(const struct fill *f, uint32_t kv, uint32_t slot[4])
{
    const struct flash_attn_vec_tq_hb_params *p = f->p;
    const uint32_t most = 1u << (kv + f->pr->seed) % 3;
    uint32_t n = 0, tries = 0;
    for (uint32_t attempt = 0; n < most && tries < 4 * p->kv_seq_len; attempt++, tries++) {
        const uint32_t word = mxb_rand_u32(f->pr->seed, STREAM_TARGET, (uint64_t)kv << 32 | attempt) % p->kv_seq_len;
        const bool oldest = attempt == 1 && p->mask_type != MASK_SLIDING;
        const uint32_t logical = attempt == 0 ? p->kv_seq_len - 1 : oldest ? 0 : word;
        const uint32_t s = (uint32_t)(((uint64_t)p->ring_start + logical) % p->kv_capacity);
        bool fresh = flash_attn_vec_tq_hb_attends(p, s);
        for (uint32_t i = 0; i < n; i++) fresh &= slot[i] != s;
        if (fresh) slot[n++] = s;
    }
    for (uint32_t s = 0; n == 0 && s < p->kv_seq_len; s++)
        if (flash_attn_vec_tq_hb_attends(p, s)) slot[n++] = s;
    return n == 3 ? 2 : n;           /* a sum of three weights would not divide exactly */
}

static double exact_key_norm(const struct fill *f)
{
    const double top = tq_oracle_centroid(f->p->codebook_bits, (1u << f->p->codebook_bits) - 1);
    return f->exact_unit ? f->unit * exp2(ceil(log2(64 / (16 * top * fabs((double)f->p->scale))))) : 0;
}

/* The centroid of the positive half nearest to having an exact inverse in f32. */
static uint32_t invertible_index(const struct fill *f, double *inverse)
{
    const uint32_t half = 1u << (f->p->codebook_bits - 1);
    uint32_t best = half;
    double least = 1;
    for (uint32_t i = half; i < 2 * half; i++) {
        const double c = tq_oracle_centroid(f->p->codebook_bits, i), w = mxb_round(MXB_F32, 1 / c);
        if (fabs(c * w - 1) >= least) continue;
        least = fabs(c * w - 1);
        best = i;
        *inverse = w;
    }
    return best;
}

static void exact_keys(const struct fill *f, uint8_t *out)
{
    const struct flash_attn_vec_tq_hb_params *p = f->p;
    const uint8_t top = (uint8_t)((1u << p->codebook_bits) - 1), unused = (uint8_t)~top;
    for (uint32_t kv = 0; kv < p->n_kv_heads; kv++) {
        uint8_t *hot = out + (uint64_t)kv * p->kv_capacity * f->dim + hot_coordinate(f, kv);
        uint32_t target[4];
        const uint32_t n = find_targets(f, kv, target);
        for (uint32_t s = 0; s < p->kv_capacity; s++)            /* what is not attended would be a target */
            hot[(uint64_t)s * f->dim] &= flash_attn_vec_tq_hb_attends(p, s) ? unused : 0xFF;
        for (uint32_t s = 0; s < p->kv_capacity; s++)
            if (!flash_attn_vec_tq_hb_attends(p, s)) hot[(uint64_t)s * f->dim] |= top;
        for (uint32_t i = 0; i < n; i++) hot[(uint64_t)target[i] * f->dim] |= top;
    }
}

static void exact_values(const struct fill *f, uint8_t *out)
{
    const struct flash_attn_vec_tq_hb_params *p = f->p;
    const uint32_t all = (1u << p->codebook_bits) - 1;
    double inverse;
    const uint32_t index = invertible_index(f, &inverse);
    for (uint64_t i = 0; i < f->pr->nelem[T_V_IDX]; i++) {
        const uint64_t kv = i / f->dim / p->kv_capacity, c = i % f->dim;
        const bool minus = mxb_rand_u32(f->pr->seed, STREAM_SIGN, kv * f->dim + c) & 1;
        out[i] = (uint8_t)((out[i] & ~all) | (minus ? all - index : index));
    }
}

/* ---- tensors ---- */

static void fill_q(const struct fill *f, float *out)
{
    const struct flash_attn_vec_tq_hb_params *p = f->p;
    const double spread = (f->pr->fill == MXB_FILL_LARGE ? 8 : 1) / (fabs((double)p->scale) * sqrt(f->dim));
    for (uint32_t h = 0; h < p->n_heads; h++)
        for (uint32_t c = 0; c < f->dim; c++) {
            const uint64_t i = (uint64_t)h * f->dim + c;
            const bool hot = c == hot_coordinate(f, h / (p->n_heads / p->n_kv_heads));
            const double exact = hot ? copysign(16, (double)p->scale) : 0;
            const double x = mxb_rand_normal(f->pr->seed, STREAM_NORMAL, i);
            out[i] = (float)(f->pr->fill == MXB_FILL_EXACT ? exact : fmin(spread, 256) * x);
        }
}

static void fill_norms(const struct fill *f, uint32_t t, float *out)
{
    const struct flash_attn_vec_tq_hb_params *p = f->p;
    const bool key = t == T_K_NORM;
    double inverse = 0;
    (void)invertible_index(f, &inverse);
    for (uint64_t i = 0; i < f->pr->nelem[t]; i++) {
        const uint32_t s = (uint32_t)(i / f->blocks % p->kv_capacity);
        const double growth = key && f->pr->fill == MXB_FILL_LARGE ? 1 + 3.0 * s / p->kv_seq_len : 1;
        double norm = f->unit * growth * (0.5 + mxb_rand_uniform(f->pr->seed, STREAM_NORM + t, i));
        if (f->pr->fill == MXB_FILL_EXACT && key) norm = exact_key_norm(f);
        else if (f->pr->fill == MXB_FILL_EXACT) norm = f->exact_unit ? f->unit * inverse * (1 << s % 3) : 0;
        else if (!flash_attn_vec_tq_hb_attends(p, s)) norm *= 4;
        out[i] = s < p->kv_seq_len ? (float)norm : NAN;
    }
}

bool flash_attn_vec_tq_hb_generate(const struct mxb_gen_ctx *g, uint32_t t, void *out)
{
    const struct fill f = make_fill(g->pr);
    const bool exact = g->pr->fill == MXB_FILL_EXACT;
    if (t == T_Q) fill_q(&f, out);
    if (t == T_K_NORM || t == T_V_NORM) fill_norms(&f, t, out);
    if (t == T_K_IDX || t == T_V_IDX)
        for (uint64_t i = 0; i < g->pr->nelem[t]; i++)
            ((uint8_t *)out)[i] = (uint8_t)(mxb_rand_u32(g->pr->seed, STREAM_BYTE + t, i) & 0xFF);
    if (t == T_K_IDX && exact) exact_keys(&f, out);
    if (t == T_V_IDX && exact) exact_values(&f, out);
    return true;
}
