/* Oracle of flash_attn_prefill: softmax attention in double, one query row per item, in two passes over its keys.
 *
 * Where kernels round by contract it rounds too: alpha = T(fl(scale log2 e)) and Q' = T(alpha Q) with narrow_q, else
 * alpha = fl(scale log2 e).  Scores are in base 2:
 *     s_j = Q'.K_j (or alpha Q.K_j) + log2(e) mask_j,   w_j = 2^(s_j - max s) / sum_i 2^(s_i - max s),   o = sum_j w_j v_j
 * A key is attended unless it lies in the future (causal), its bool is false, its additive mask is -inf, or its score is
 * not above -FLT_MAX/2, where the running maximum of kernels starts.  A row that attends nothing is +0.
 *
 * Error scales, u = 2^-24.  p is the root sum of squares of the partial sums of w_j v_j.  x holds what else f32 kernels
 * may lose: if the weights are off by independent relative errors of variance a_j, then, because sum w_j stays 1,
 *     x^2 = sum_j w_j^2 a_j (v_j - o)^2 + o^2 b
 * a_j = (ln(2) u)^2 (A_j^2 + B_j^2 + C_j^2) + g(s_j - max s) + R_j, where
 *     A_j    root sum of squares of the partial sums of the dot product: their roundings
 *     B_j    alpha Q.K_j where the product by alpha is rounded (without narrow_q), else 0
 *     C_j    log2(e) mask_j and s_j, rounded both, where the mask is added, else 0
 *     g(x)   = (ln(2) u x)^2 + ((3 + 2|x|) 2u)^2: the argument of exp2 is rounded, and exp2 may be off by 3 + 2|x| ulp
 *            (Vulkan; OpenCL: 3)
 *     R_j    online, the weights so far are multiplied by f = 2^(m - m') when the maximum rises from m to m': at worst at
 *            every key after j that is a new maximum, g(m - m') + u^2 each
 * b = u^2 sum_n W_n^2, W_n the partial sums of the weights: roundings of their sum; plus (2.5 * 2u)^2: the division by it
 * may be off by 2.5 ulp in both APIs.
 * The errors of exp2 and of the division enter with their bounds: one exp2 serves all columns of a row, and a reciprocal of
 * the sum all of them too, so that in a short row nothing averages out.
 *
 * n is what an impl adds that rounds each 2^(s_j - m) to T before the product with V and sums what it has rounded: relative
 * errors of the weights of variance u_T^2 / 3, or an absolute one of t,
 *     n^2 = sum_j max(w_j u_T, t / l)^2 / 3 (v_j - o)^2 + (z / l)^2,   l the sum of the weights before they are normalised.
 * For f16 t is half a subnormal step and z is 0.  Instructions on bf16 take subnormal numbers for 0, weights and values, and
 * make 0 of subnormal sums: each key may lose t = z = 2^-126.  (So may a score, where it changes nothing unless the other
 * factor exceeds 2^100.)
 *
 * h is what an impl adds that rounds each partial sum of 16 neighbouring products to f16, along the head dimension for the scores,
 * along the keys for the values: errors uniform within half a step, so of standard deviation r(s) = max(u_T |s|, 2^-25) / sqrt 3,
 *     h^2 = sum_j (w_j ln 2 alpha)^2 H_j^2 (v_j - o)^2 + sum_j r(s_j)^2,
 * H_j^2 the sum of r^2 over the partial sums of Q.K_j, s_j those of w v, whose smallest step is 2^-24 / l. */
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_host.h"
#include <math.h>
#include <stdlib.h>

static const double U = 0x1p-24, LN2 = 0.693147180559945309417232121458;
static const double LOG2E = (double)1.44269504f;     /* the mask's factor is the f32 number */
static const double NEG_BIG = -0x1.fffffep126;

struct key {
    double s, w;                                     /* score, weight */
    double a;                                        /* variance of the weight's relative error */
    double h;                                        /* the same by sums in f16 */
    double rescale;                                  /* what a new maximum at this key adds to the keys before it */
};

struct row {                                         /* one query row and what it reads */
    uint32_t d, keys;                                /* keys [0,keys) pass the causal rule */
    double unit_t, step_t, lost_t;                   /* u_T, t, z */
    bool short_sums;                                 /* an impl may add in f16 */
    double q[HEAD_DIM_MAX], unit;                    /* Q' or Q; the factor on the dot product */
    const double *k, *v, *mask;                      /* mask: this row's cells or NULL */
    bool boolmask;
};

static struct row find_row(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t item)
{
    const struct flash_attn_prefill_params *p = pr->params;
    const int64_t head = item / p->seq_len_q, q = item % p->seq_len_q, b = head / p->n_heads, h = head % p->n_heads;
    const int64_t kv_head = b * p->n_kv_heads + h / (p->n_heads / p->n_kv_heads), keys = q + (int64_t)p->q_offset + 1;
    const double alpha = flash_attn_prefill_alpha(pr), flush = 0x1p-126;
    const enum mxb_dtype dt = pr->dtype[T_Q];
    struct row r = {
        .d = flash_attn_prefill_head_dim(pr->entry), .unit = p->narrow_q ? 1 : alpha,
        .keys = p->do_causal && keys < p->seq_len_k ? (uint32_t)keys : p->seq_len_k,
        .boolmask = pr->dtype[T_MASK] == MXB_BOOL,
        .short_sums = t[T_O].h && dt == MXB_F16, .unit_t = mxb_unit(dt), .step_t = dt == MXB_F16 ? 0x1p-25 : flush, .lost_t = dt == MXB_F16 ? 0 : flush,
    };
    for (uint32_t c = 0; c < r.d; c++) {
        const double x = t[T_Q].v[item * r.d + c];
        r.q[c] = p->narrow_q ? mxb_round(dt, alpha * x) : x;
    }
    r.k = t[T_K].v + kv_head * p->seq_len_k * r.d;
    r.v = t[T_V].v + kv_head * p->seq_len_k * r.d;
    if (p->mask != MASK_NONE)
        r.mask = t[T_MASK].v + (p->mask == MASK_RANK4 ? item : q) * p->seq_len_k;
    return r;
}

/* g: variance of exp2(x) itself and of the rounding of its argument. */
static double exp2_variance(double x)
{
    const double argument = LN2 * U * x, function = (3 + 2 * fabs(x)) * 2 * U;
    return argument * argument + function * function;
}

/* Variance of the rounding of s to f16, where a weight of 1 / l is 1 in f16. */
static double short_error2(double s, double l)
{
    const double error = fmax(0x1p-11 * fabs(s), 0x1p-25 / l);
    return error * error / 3;
}

/* Score of key j, -inf where it is not attended, and in a what its errors do to the weight. */
static struct key score(const struct row *r, uint32_t j)
{
    const double *k = r->k + (uint64_t)j * r->d, cell = r->mask ? r->mask[j] : 0;
    double dot = 0, partial2 = 0, part = 0, part2 = 0;
    if (r->mask && (r->boolmask ? cell == 0 : cell == -INFINITY))
        return (struct key){ .s = -INFINITY };
    for (uint32_t c = 0; c < r->d; c++) {
        dot += r->q[c] * k[c];
        partial2 += dot * dot;
        part = c % SHORT_SUM == 0 ? r->q[c] * k[c] : part + r->q[c] * k[c];
        part2 += short_error2(part, 1);
    }
    const double scaled = dot * r->unit, term = r->boolmask ? 0 : LOG2E * cell, s = scaled + term;
    double error2 = partial2 * r->unit * r->unit;
    if (r->unit != 1)
        error2 += scaled * scaled;
    if (term != 0)
        error2 += term * term + s * s;
    return (struct key){ .s = s, .a = LN2 * U * LN2 * U * error2,
                         .h = LN2 * LN2 * r->unit * r->unit * part2 };
}

/* Scores, weights and variances of all keys.  Returns the sum of the weights before they are normalised, 0 if no key is
 * attended. */
static double weigh(const struct row *r, struct key *key)
{
    double m = NEG_BIG, l = 0, later = 0;
    for (uint32_t j = 0; j < r->keys; j++) {
        key[j] = score(r, j);
        if (key[j].s > m) {
            key[j].rescale = m > NEG_BIG ? exp2_variance(m - key[j].s) + U * U : 0;
            m = key[j].s;
        }
    }
    for (uint32_t j = 0; j < r->keys; j++) {
        key[j].w = exp2(key[j].s - m);               /* a NaN score stays NaN and spoils the row, as it must */
        l += key[j].w;
    }
    for (uint32_t j = r->keys; j-- > 0; later += key[j].rescale) {
        key[j].a += exp2_variance(key[j].s - m) + later;
        key[j].w /= l;
    }
    return l;
}

/* h per column. */
static void short_sums(const struct row *r, const struct key *key, double l, const double *o, double *h)
{
    double part[HEAD_DIM_MAX] = { 0 }, var[HEAD_DIM_MAX] = { 0 };
    for (uint32_t j = 0; j < r->keys; j++) {
        const double *v = r->v + (uint64_t)j * r->d, w = key[j].w;
        for (uint32_t c = 0; c < r->d && j % SHORT_SUM == 0; c++)
            part[c] = 0;
        if (w == 0)
            continue;
        for (uint32_t c = 0; c < r->d; c++) {
            part[c] += w * v[c];
            var[c] += w * w * key[j].h * (v[c] - o[c]) * (v[c] - o[c]) + short_error2(part[c], l);
        }
    }
    for (uint32_t c = 0; c < r->d; c++)
        h[c] = sqrt(var[c]);
}

/* o, and per column the variance that the keys' errors give it; p; n. */
static void combine(const struct row *r, const struct key *key, double l, double *o, double *p, double *x, double *n)
{
    double sum = 0, sums2 = 0, p2[HEAD_DIM_MAX] = { 0 }, var[HEAD_DIM_MAX] = { 0 }, var_n[HEAD_DIM_MAX] = { 0 };
    for (uint32_t j = 0; j < r->keys; j++) {
        const double *v = r->v + (uint64_t)j * r->d, w = key[j].w;
        if (w == 0)
            continue;
        sum += w;
        sums2 += sum * sum;
        for (uint32_t c = 0; c < r->d; c++) {
            o[c] += w * v[c];
            p2[c] += o[c] * o[c];
        }
    }
    for (uint32_t j = 0; j < r->keys; j++) {
        const double *v = r->v + (uint64_t)j * r->d, w = key[j].w;
        if (w == 0)
            continue;
        const double error = fmax(w * r->unit_t, r->step_t / l), narrow = error * error / 3, lost = r->lost_t / l;
        for (uint32_t c = 0; c < r->d; c++) {
            const double far2 = (v[c] - o[c]) * (v[c] - o[c]);
            var[c] += w * w * key[j].a * far2;
            var_n[c] += narrow * far2 + lost * lost;
        }
    }
    const double division = 2.5 * 2 * U, b = U * U * sums2 + division * division;
    for (uint32_t c = 0; c < r->d; c++) {
        p[c] = sqrt(p2[c]);
        x[c] = sqrt(var[c] + o[c] * o[c] * b);
        if (n)
            n[c] = sqrt(var_n[c]);
    }
}

void flash_attn_prefill_reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct flash_attn_prefill_params *p = pr->params;
    const int64_t d = flash_attn_prefill_head_dim(pr->entry);
    struct key *key = malloc(p->seq_len_k * sizeof *key);
    for (int64_t i = r0; i < r1; i++) {
        const struct row r = find_row(pr, t, i);
        double *o = t[T_O].v + i * d;
        for (uint32_t c = 0; c < d; c++)
            o[c] = key ? 0 : NAN;                    /* without memory nothing can pass */
        const double l = key ? weigh(&r, key) : 0;
        if (l == 0)
            continue;
        combine(&r, key, l, o, t[T_O].p + i * d, t[T_O].x + i * d, t[T_O].n ? t[T_O].n + i * d : NULL);
        if (r.short_sums)
            short_sums(&r, key, l, o, t[T_O].h + i * d);
    }
    free(key);
}
