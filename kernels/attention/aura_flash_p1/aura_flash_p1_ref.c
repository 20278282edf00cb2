/* Oracle of aura_flash_p1 in double: one head and block per item, in two passes over the block's tokens.
 *
 * Error scales, u = 2^-24.  E_t^2 = u^2 (kn_t^2 sum of the squared partial sums of the dot product + s_t^2) is the
 * variance of a score.  The maximum has that of its own token a (of the worst token that could be the maximum): x of
 * m.  A weight w_t = exp(s_t - m) is off relatively by E_t (not for t = a), by exp itself, and, computed online, by a
 * factor at every later new maximum: a_t = E_t^2 + g(s_t - m) + R_t, g = aura_exp_variance, R_t the sum of g(m - m') +
 * u^2.  The error of m is common to all weights but that of a:
 *     x(l)^2 = sum w_t^2 a_t + (l - 1)^2 E_a^2                     p(l): root sum of squares of the partial sums
 *     x(o)^2 = sum v_t^2 (a_t + 2 u^2) + (o - v_a)^2 E_a^2         v_t = w_t Cv vn_t, two products rounded;  p(o) likewise */
#include "kernels/attention/aura_flash_p1/aura_flash_p1_host.h"
#include <stdlib.h>

static const double U = 0x1p-24;

struct token {
    double s, error2;                /* score; its variance E^2 */
    double w, a;                     /* weight; variance of its relative error */
    double rescale;                  /* what a new maximum at this token adds to those before it */
};

struct block {                       /* one head's block and what it reads */
    struct shape shape;
    const double *q, *kc, *vc;       /* query; codebooks */
    const double *kp, *kn, *vp, *vn; /* rows of its first token on */
    uint32_t n;                      /* attended tokens */
};

static struct block find_block(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t item)
{
    const struct aura_flash_p1_params *p = pr->params;
    const struct shape s = aura_flash_p1_shape(pr);
    const uint64_t h = (uint64_t)item / s.blocks, first = (uint64_t)item % s.blocks * p->block_size;
    const uint64_t row = h / (p->n_heads / p->n_kv_heads) * s.stride + first;
    uint64_t n = first < s.visible ? s.visible - first : 0;
    n = n < p->block_size ? n : p->block_size;
    return (struct block){
        .shape = s, .q = t[T_Q].v + h * s.hd, .kc = t[T_KC].v, .vc = t[T_VC].v, .kp = t[T_KP].v + row * s.kwords,
        .kn = t[T_KN].v + row, .vp = t[T_VP].v + row * s.vwords, .vn = t[T_VN].v + row, .n = (uint32_t)n,
    };
}

static struct token score(const struct block *b, uint32_t t)
{
    const struct shape *s = &b->shape;
    double dot = 0, partials2 = 0;
    for (uint32_t d = 0; d < s->hd; d++) {
        dot += b->q[d] * b->kc[aura_code(b->kp + (uint64_t)t * s->kwords, s->kwords, d, s->kb)];
        partials2 += dot * dot;
    }
    const double value = dot * b->kn[t];
    return (struct token){ .s = value, .error2 = U * U * (partials2 * b->kn[t] * b->kn[t] + value * value) };
}

/* Scores and weights of all tokens; returns the maximum, and in *top the token that has it. */
static double weigh(const struct block *b, struct token *tok, uint32_t *top)
{
    double m = -INFINITY, later = 0;
    for (uint32_t t = 0; t < b->n; t++) {
        tok[t] = score(b, t);
        if (m > tok[t].s) continue;              /* a NaN score becomes the maximum, as upstream */
        tok[t].rescale = m > -INFINITY ? aura_exp_variance(m - tok[t].s) + U * U : 0;
        m = tok[t].s;
        *top = t;
    }
    for (uint32_t t = b->n; t-- > 0; later += tok[t].rescale) {
        tok[t].w = exp(tok[t].s - m);
        tok[t].a = (t == *top ? 0 : tok[t].error2) + aura_exp_variance(tok[t].s - m) + later;
    }
    return m;
}

/* Variance of the maximum: the worst of the tokens that are within their errors of it. */
static double maximum_error2(const struct block *b, const struct token *tok, double m)
{
    double worst = 0;
    for (uint32_t t = 0; t < b->n; t++)
        if (m - tok[t].s <= 16 * sqrt(tok[t].error2)) worst = fmax(worst, tok[t].error2);
    return worst;
}

/* sum of v_t with v_t = w_t c_t: value, partial sums, and the variance given by the weights' errors. */
struct sum { double v, partials2, var, at_top; };

static void add(struct sum *s, double term, double variance, bool top)
{
    s->v += term;
    s->partials2 += s->v * s->v;
    s->var += term * term * variance;
    s->at_top += top ? term : 0;
}

static void store(const struct mxb_ref *out, uint64_t i, const struct sum *s, double max_error2)
{
    const double moved = s->v - s->at_top;
    out->v[i] = s->v;
    if (!out->p || !isfinite(s->v)) return;
    out->p[i] = sqrt(s->partials2);
    out->x[i] = sqrt(s->var + moved * moved * max_error2);
}

static void one_block(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t item, struct token *tok)
{
    const struct block b = find_block(pr, t, item);
    const struct shape *s = &b.shape;
    struct sum l = { 0 }, o[HEAD_DIM_MAX] = { { 0 } };
    uint32_t top = 0;
    const double m = weigh(&b, tok, &top), error2 = maximum_error2(&b, tok, m);
    for (uint32_t i = 0; i < b.n; i++) {
        add(&l, tok[i].w, tok[i].a, i == top);
        for (uint32_t d = 0; d < s->hd; d++) {
            const double c = b.vc[aura_code(b.vp + (uint64_t)i * s->vwords, s->vwords, d, s->vb)];
            add(&o[d], tok[i].w * c * b.vn[i], tok[i].a + 2 * U * U, i == top);
        }
    }
    t[T_M].v[item] = m;
    if (t[T_M].x && isfinite(m)) t[T_M].x[item] = sqrt(error2);
    store(&t[T_L], (uint64_t)item, &l, error2);
    for (uint32_t d = 0; d < s->hd; d++)
        store(&t[T_O], (uint64_t)item * s->hd + d, &o[d], error2);
}

void aura_flash_p1_reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct aura_flash_p1_params *p = pr->params;
    const uint32_t hd = aura_flash_p1_shape(pr).hd, n = p->block_size < p->tokens ? p->block_size : p->tokens;
    struct token *tok = malloc(n * sizeof *tok);
    for (int64_t i = r0; i < r1; i++) {
        if (tok) one_block(pr, t, i, tok);
        for (uint32_t d = 0; !tok && d < hd; d++)
            t[T_O].v[i * hd + d] = t[T_M].v[i] = t[T_L].v[i] = NAN;   /* without memory nothing can pass */
    }
    free(tok);
}
