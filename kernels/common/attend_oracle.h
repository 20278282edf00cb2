/* Oracle of one-row attention in double, for the ops that compute softmax(scale q K^T) V with the natural exponential: the
 * result before and after the division by the sum of weights, with error scales.  Host code; no kernel includes it.
 *
 *     s_j = scale q.K_j,   m = max s_j,   w_j = exp(s_j - m),   l = sum_j w_j,   a = sum_j w_j v_j,   o = a / l
 *
 * Error scales, u = 2^-24.  p is the root sum of squares of the partial sums.  x holds what else f32 kernels may lose: the
 * weights are off by independent relative errors of variance e_j,
 *     e_j = u^2 (scale^2 A_j^2 + s_j^2) + 2 g(s_j - m) + R_j
 *     A_j   root sum of squares of the partial sums of the dot product: their roundings; s_j: that of the product by scale,
 *           and where a bias is added that of the sum too
 *     g(x)  = (u x)^2 + ((3 + 2|x|) 2u)^2 / 3: the argument of exp is rounded (|x| is also what a change of base costs),
 *           and exp may be off by 3 + 2|x| ulp (Vulkan; OpenCL: 3), taken as uniformly distributed.  Twice: kernels that
 *           split the keys form the weight as exp(s_j - m') exp(m' - m) with m' between s_j and m
 *     R_j   online, the weights so far are multiplied by exp(m - m') when the maximum rises from m to m': at worst at every
 *           key after j that is a new maximum, g(m - m') + u^2 each
 * After the division sum w_j / l stays 1, so errors of the weights move o towards single values:
 *     x^2 = sum_j (w_j / l)^2 e_j (v_j - o)^2 + o^2 b,   b = u^2 sum_n W_n^2 + (2.5 2u)^2 / 3 + u^2
 * with W_n the partial sums of w_j / l; the division may be off by 2.5 ulp, and a product by 1 / l is rounded.
 * Before it, the error of m, of variance e_m = u^2 (scale^2 A^2 + m^2) at the largest score, is in everything:
 *     x^2 = sum_j w_j^2 e_j v_j^2 + a^2 e_m for a, the same with v = 1 for l, and e_m for m. */
#ifndef ATTEND_ORACLE_H
#define ATTEND_ORACLE_H
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include "harness/mxb_types.h"

enum { ATTEND_MAX_DIM = 512 };

struct attend_row {                  /* one query row and the head it reads */
    uint32_t d;                      /* head dimension, at most ATTEND_MAX_DIM */
    double scale;
    const double *q, *k, *v;         /* [d]; [keys][d] */
    const double *bias;              /* [keys], finite for the keys listed, added to their scores; or NULL */
};

struct attend_result {
    double m, l;                     /* maximum, -FLT_MAX/2 without keys; sum of weights */
    double m_x, l_p, l_x;            /* their error scales; m has no partial sums */
    double v[ATTEND_MAX_DIM], p[ATTEND_MAX_DIM], x[ATTEND_MAX_DIM];   /* o or a, and its error scales */
};

struct attend_key {
    double s, w;                     /* score, weight */
    double e;                        /* variance of the weight's relative error */
    double rescale;                  /* what a new maximum at this key adds to the keys before it */
};

static const double ATTEND_U = 0x1p-24, ATTEND_NEG_BIG = -0x1.fffffep126;

static double attend_exp_variance(double x)
{
    const double argument = ATTEND_U * x, function = (3 + 2 * fabs(x)) * 2 * ATTEND_U;
    return argument * argument + function * function / 3;
}

static struct attend_key attend_score(const struct attend_row *r, uint32_t key)
{
    const double *k = r->k + (uint64_t)key * r->d;
    double dot = 0, partial2 = 0;
    for (uint32_t c = 0; c < r->d; c++) {
        dot += r->q[c] * k[c];
        partial2 += dot * dot;
    }
    const double product = dot * r->scale, s = product + (r->bias ? r->bias[key] : 0), sum2 = r->bias ? s * s : 0;
    return (struct attend_key){
        .s = s, .e = ATTEND_U * ATTEND_U * (partial2 * r->scale * r->scale + product * product + sum2),
    };
}

/* Scores, unnormalised weights and variances of the n keys whose numbers are in `keys`; fills m, l and their scales. */
static void attend_weigh(const struct attend_row *r, const uint32_t *keys, uint32_t n, struct attend_key *key,
                         struct attend_result *out)
{
    double m = ATTEND_NEG_BIG, m_e = 0, later = 0, l2 = 0, x2 = 0;
    for (uint32_t j = 0; j < n; j++) {
        key[j] = attend_score(r, keys[j]);
        if (key[j].s > m) {
            key[j].rescale = m > ATTEND_NEG_BIG ? attend_exp_variance(m - key[j].s) + ATTEND_U * ATTEND_U : 0;
            m = key[j].s;
            m_e = key[j].e;
        }
    }
    out->l = 0;
    for (uint32_t j = 0; j < n; j++) {
        key[j].w = exp(key[j].s - m);            /* a NaN score stays NaN and spoils the row, as it must */
        out->l += key[j].w;
        l2 += out->l * out->l;
    }
    for (uint32_t j = n; j-- > 0; later += key[j].rescale) {
        key[j].e += 2 * attend_exp_variance(key[j].s - m) + later;
        x2 += key[j].w * key[j].w * key[j].e;
    }
    out->m = m;
    out->m_x = sqrt(m_e);
    out->l_p = sqrt(l2);
    out->l_x = sqrt(x2 + out->l * out->l * m_e);
}

/* Sums of w_j v_j with their partial sums; weights of 0 are left out, as kernels skip masked keys. */
static void attend_sum(const struct attend_row *r, const uint32_t *keys, uint32_t n, const struct attend_key *key,
                       struct attend_result *out)
{
    for (uint32_t c = 0; c < r->d; c++) out->v[c] = out->p[c] = out->x[c] = 0;
    for (uint32_t j = 0; j < n; j++) {
        const double *v = r->v + (uint64_t)keys[j] * r->d;
        for (uint32_t c = 0; key[j].w != 0 && c < r->d; c++) {
            out->v[c] += key[j].w * v[c];
            out->p[c] += out->v[c] * out->v[c];
        }
    }
}

/* Adds w_j^2 e_j (v_j - from)^2 over the keys to x, per column. */
static void attend_spread(const struct attend_row *r, const uint32_t *keys, uint32_t n, const struct attend_key *key,
                          const double *from, double *x)
{
    for (uint32_t j = 0; j < n; j++) {
        const double *v = r->v + (uint64_t)keys[j] * r->d, w2e = key[j].w * key[j].w * key[j].e;
        for (uint32_t c = 0; key[j].w != 0 && c < r->d; c++) {
            const double delta = v[c] - (from ? from[c] : 0);
            x[c] += w2e * delta * delta;
        }
    }
}

/* The row over the n keys listed: o where `normalise`, else a.  Without keys everything is 0 and m is -FLT_MAX/2.  Returns
 * false without memory. */
static bool attend_oracle(const struct attend_row *r, const uint32_t *keys, uint32_t n, bool normalise,
                          struct attend_result *out)
{
    struct attend_key *key = malloc((n + 1) * sizeof *key);
    if (!key) return false;
    attend_weigh(r, keys, n, key, out);
    const double l = out->l, m_e = out->m_x * out->m_x;
    if (normalise && l != 0) {
        double sum = 0, sums2 = 0;
        for (uint32_t j = 0; j < n; j++) {
            key[j].w /= l;
            sum += key[j].w;
            sums2 += sum * sum;
        }
        attend_sum(r, keys, n, key, out);
        attend_spread(r, keys, n, key, out->v, out->x);
        const double division = 2.5 * 2 * ATTEND_U, b = ATTEND_U * ATTEND_U * (sums2 + 1) + division * division / 3;
        for (uint32_t c = 0; c < r->d; c++) out->x[c] += out->v[c] * out->v[c] * b;
    } else {
        attend_sum(r, keys, n, key, out);
        attend_spread(r, keys, n, key, NULL, out->x);
        for (uint32_t c = 0; c < r->d; c++) out->x[c] += out->v[c] * out->v[c] * m_e;
    }
    for (uint32_t c = 0; c < r->d; c++) {
        out->p[c] = sqrt(out->p[c]);
        out->x[c] = sqrt(out->x[c]);
    }
    free(key);
    return true;
}
#endif
