/* Oracle of flash_attn_vec_tq_hb, in double and two passes over the keys of a group, with Q rounded to f16 as the
 * contract says:
 *     s_j = scale q.K_j,   m = max s_j,   w_j = exp(s_j - m),   S = sum_j w_j,   a = sum_j w_j v_j;   one group: a / S
 *
 * Error scales, u = 2^-24.  p is the root sum of squares of the partial sums.  x holds what else f32 kernels may lose.
 * The weights are off by independent relative errors of variance e_j,
 *     e_j = u^2 (scale^2 A_j^2 + s_j^2 + (1 + f^2) sum_b s_jb^2) + 2 g(s_j - m) + R_j
 *     A_j   root sum of squares of the partial sums of the dot product: their roundings; s_j: that of scale
 *     s_jb  share of block b of 256 coordinates, for the product by its factor c and for c itself: f = 5, the bound
 *           of a division by scale_factor_d512, where that is not 1; norm / 16 is exact
 *     g(x)  = (u x)^2 + ((3 + 2|x|) 2u)^2 / 3: the argument of exp is rounded (|x| is also what a change of base
 *           costs), and exp may be off by 3 + 2|x| ulp (Vulkan; OpenCL: 3), taken as uniformly distributed.  Twice:
 *           kernels that split the keys form the weight as exp(s_j - m') exp(m' - m) with m' between s_j and m
 *     R_j   online, the weights so far are multiplied by exp(m - m') when the maximum rises from m to m': at worst at
 *           every key after j that is a new maximum, g(m - m') + u^2 each
 * and the values by relative errors of variance e_v = u^2 (2 + f^2): products by weight and centroid, c.  Before the
 * division the error of m, of variance e_m (that of the largest score), is in everything:
 *     x^2 = sum_j w_j^2 (e_j + e_v) v_j^2 + a^2 e_m for a;   sum_j w_j^2 e_j + S^2 e_m for S;   e_m for m
 * After it sum w_j / S stays 1, so errors of the weights move o = a / S towards single values:
 *     x^2 = sum_j (w_j / S)^2 (e_j (v_j - o)^2 + e_v v_j^2) + o^2 b,   b = u^2 sum_n W_n^2 + (2.5 2u)^2 / 3 + u^2
 * with W_n the partial sums of w_j / S; 1 / S may be off by 2.5 ulp, and the product by it is rounded. */
#include <math.h>
#include <stdlib.h>
#include "kernels/common/tq_oracle.h"
#include "kernels/turboquant/flash_attn_vec_tq_hb/flash_attn_vec_tq_hb.h"

static const double U = 0x1p-24, NEG_BIG = -0x1.fffffep126;

struct key { uint32_t slot; double s, w, e, rescale; };

struct head {                        /* one query head and what it reads */
    const struct flash_attn_vec_tq_hb_params *p;
    uint32_t dim;
    double q[MAX_DIM];
    const double *k_idx, *k_norm, *v_idx, *v_norm;   /* of its key/value head */
    double factor_error;             /* f */
    double codebook[256];
};

static struct head find_head(const struct mxb_problem *pr, const struct mxb_ref *t, uint32_t r)
{
    const struct flash_attn_vec_tq_hb_params *p = pr->params;
    struct head h = { .p = p, .dim = flash_attn_vec_tq_hb_dim(pr) };
    const uint64_t slot = (uint64_t)(r / (p->n_heads / p->n_kv_heads)) * p->kv_capacity, blocks = h.dim / 256;
    for (uint32_t c = 0; c < h.dim; c++) h.q[c] = mxb_round(MXB_F16, t[T_Q].v[(uint64_t)r * h.dim + c]);
    for (uint32_t i = 0; i < 1u << p->codebook_bits; i++) h.codebook[i] = tq_oracle_centroid(p->codebook_bits, i);
    h.k_idx = t[T_K_IDX].v + slot * h.dim;
    h.v_idx = t[T_V_IDX].v + slot * h.dim;
    h.k_norm = t[T_K_NORM].v + slot * blocks;
    h.v_norm = t[T_V_NORM].v + slot * blocks;
    h.factor_error = h.dim == 512 && p->scale_factor_d512 != 1 ? 5 : 0;
    return h;
}

/* Coordinate c of the vector in a slot. */
static double coordinate(const struct head *h, const double *idx, const double *norm, uint32_t slot, uint32_t c)
{
    const uint32_t index = (uint32_t)idx[(uint64_t)slot * h->dim + c] % (1u << h->p->codebook_bits);
    const double factor = h->dim == 256 ? norm[slot] / 16
                                        : norm[2 * (uint64_t)slot + c / 256] / (double)h->p->scale_factor_d512;
    return h->codebook[index] * factor;
}

static double exp_variance(double x)
{
    const double argument = U * x, function = (3 + 2 * fabs(x)) * 2 * U;
    return argument * argument + function * function / 3;
}

static struct key score(const struct head *h, uint32_t slot)
{
    double dot = 0, partial2 = 0, blocks2 = 0, before = 0;
    for (uint32_t c = 0; c < h->dim; c++) {
        dot += h->q[c] * coordinate(h, h->k_idx, h->k_norm, slot, c);
        partial2 += dot * dot;
        if (c % 256 != 255) continue;
        blocks2 += (dot - before) * (dot - before);
        before = dot;
    }
    const double scale = (double)h->p->scale, f = h->factor_error;
    return (struct key){ .slot = slot, .s = dot * scale,
                         .e = U * U * scale * scale * (partial2 + dot * dot + (1 + f * f) * blocks2) };
}

/* Attended keys of group g, with scores. */
static uint32_t find_keys(const struct head *h, uint32_t g, struct key *key)
{
    uint32_t n = 0;
    for (uint32_t s = 0; s < h->p->kv_seq_len; s++)
        if (s / CHUNK % h->p->nwg == g && flash_attn_vec_tq_hb_attends(h->p, s)) key[n++] = score(h, s);
    return n;
}

struct sums { double m, l, m_x, l_p, l_x; };

static struct sums weigh(struct key *key, uint32_t n)
{
    struct sums r = { .m = NEG_BIG };
    double m_e = 0, l2 = 0, x2 = 0, later = 0;
    for (uint32_t j = 0; j < n; j++)
        if (key[j].s > r.m) {
            key[j].rescale = r.m > NEG_BIG ? exp_variance(r.m - key[j].s) + U * U : 0;
            r.m = key[j].s;
            m_e = key[j].e;
        }
    for (uint32_t j = 0; j < n; j++) {
        key[j].w = exp(key[j].s - r.m);
        r.l += key[j].w;
        l2 += r.l * r.l;
    }
    for (uint32_t j = n; j-- > 0; later += key[j].rescale) {
        key[j].e += 2 * exp_variance(key[j].s - r.m) + later;
        x2 += key[j].w * key[j].w * key[j].e;
    }
    r.m_x = sqrt(m_e);
    r.l_p = sqrt(l2);
    r.l_x = sqrt(x2 + r.l * r.l * m_e);
    return r;
}

static void put(const struct mxb_ref *t, uint64_t at, double v, double p, double x)
{
    t->v[at] = v;
    t->p[at] = p;
    t->x[at] = x;
}

/* Column c: the sum of values, divided by the sum of weights if there is one group. */
static void column(const struct head *h, const struct key *key, uint32_t n, const struct sums *r, uint32_t c,
                   const struct mxb_ref *dst, uint64_t at)
{
    const bool normalise = h->p->nwg == 1 && n > 0;
    const double e_v = U * U * (2 + h->factor_error * h->factor_error), l = normalise ? r->l : 1;
    double a = 0, partial2 = 0, sum = 0, sums2 = 0, x2 = 0;
    for (uint32_t j = 0; j < n; j++) {
        a += key[j].w / l * coordinate(h, h->v_idx, h->v_norm, key[j].slot, c);
        partial2 += a * a;
        sum += key[j].w / l;
        sums2 += sum * sum;
    }
    for (uint32_t j = 0; j < n; j++) {
        const double w = key[j].w / l, v = coordinate(h, h->v_idx, h->v_norm, key[j].slot, c);
        const double d = normalise ? v - a : v;
        x2 += w * w * (key[j].e * d * d + e_v * v * v);
    }
    const double division = 2.5 * 2 * U, b = U * U * (sums2 + 1) + division * division / 3;
    put(dst, at, a, sqrt(partial2), sqrt(x2 + a * a * (normalise ? b : r->m_x * r->m_x)));
}

static void reference_head(const struct mxb_problem *pr, const struct mxb_ref *t, uint32_t r, struct key *key)
{
    const struct flash_attn_vec_tq_hb_params *p = pr->params;
    const struct head h = find_head(pr, t, r);
    for (uint32_t g = 0; g < p->nwg; g++) {
        const uint32_t n = find_keys(&h, g, key);
        const struct sums s = weigh(key, n);
        const uint64_t at = (uint64_t)p->n_heads * h.dim * p->nwg + 2 * ((uint64_t)r * p->nwg + g);
        for (uint32_t c = 0; c < h.dim; c++)
            column(&h, key, n, &s, c, &t[T_DST], 4 * (((uint64_t)r * (h.dim / 4) + c / 4) * p->nwg + g) + c % 4);
        if (p->nwg == 1) continue;
        put(&t[T_DST], at, s.l, s.l_p, s.l_x);
        put(&t[T_DST], at + 1, s.m, 0, s.m_x);
    }
}

void flash_attn_vec_tq_hb_reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct flash_attn_vec_tq_hb_params *p = pr->params;
    struct key *key = malloc(p->kv_seq_len * sizeof *key);
    const int64_t first = p->nwg == 1 ? r0 : 0, end = p->nwg == 1 ? r1 : (int64_t)p->n_heads;
    for (int64_t r = first; key && r < end; r++) reference_head(pr, t, (uint32_t)r, key);
    for (uint64_t i = 0; !key && i < pr->nelem[T_DST]; i++) t[T_DST].v[i] = NAN;     /* without memory none can pass */
    free(key);
}
