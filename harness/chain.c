/* Chains of ops: the parameters, problems and links of their steps (chain.h). */
#include "harness/chain.h"
#include "harness/ops.h"
#include "harness/suite_read.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- parameters of a step ---- */

static const struct mxb_entry *step_entry(const struct chain *c, uint32_t k, const struct mxb_problem *pr)
{
    return c->step[k].entry[pr->entry - c->op.entry];
}

/* Constants of the step's own entry, and of those of the other steps what it does not have. */
static void known_constants(const struct chain *c, uint32_t k, const struct mxb_problem *pr, struct val *val,
                            bool *known)
{
    const struct chain_step *s = &c->step[k];
    for (uint32_t i = 0; i <= c->nstep; i++) {
        struct val other[MAX_NAMES];
        bool has[MAX_NAMES] = { false };
        entry_vals(step_entry(c, i ? i - 1 : k, pr), s->var, c->op.nparam, s->nvar, other, has);
        for (uint32_t v = c->op.nparam; v < s->nvar; v++) {
            if (!has[v] || known[v]) continue;
            val[v] = other[v];
            known[v] = true;
        }
    }
}

/* Constants that the entry lacks but an expression uses. */
static int check_constants(const struct chain_step *s, const struct mxb_entry *entry, const struct expr *e,
                           uint32_t first, const bool *known, char *err, size_t errlen)
{
    for (uint32_t i = first; i < s->nvar; i++)
        if (!known[i] && expr_uses(e, i)) {
            snprintf(err, errlen, "entry '%s' has no constant '%s'", entry->name, s->var[i]);
            return MXB_EINVAL;
        }
    return 0;
}

/* What the step says of a parameter, else the chain's parameter of that name, else the op's default. */
static int step_params(const struct chain *c, uint32_t k, const struct mxb_problem *pr, unsigned char *out, char *err,
                       size_t errlen)
{
    const struct chain_step *s = &c->step[k];
    const struct mxb_entry *entry = step_entry(c, k, pr);
    struct val val[MAX_NAMES];
    bool known[MAX_NAMES] = { false };
    uint32_t own = 0, bits;
    ops_defaults(s->op, out);
    for (uint32_t i = 0; i < s->nvalue; i++) own |= 1u << s->value[i].param;
    for (uint32_t i = 0; i < c->op.nparam; i++) {
        const int p = op_param(s->op, c->op.param[i].name);
        val[i] = param_val(&c->op.param[i], param_get(&c->op.param[i], pr->params));
        known[i] = true;
        if (p < 0 || own >> p & 1) continue;
        const int rc = param_bits(&s->op->param[p], val[i], &bits, err, errlen);
        if (rc) return rc;
        memcpy(out + s->op->param[p].off, &bits, sizeof(bits));
    }
    known_constants(c, k, pr, val, known);
    for (uint32_t i = 0; i < s->nvalue; i++) {
        const struct chain_value *v = &s->value[i];
        struct val result;
        int rc = 0;
        bits = v->bits;
        if (v->e) {
            rc = check_constants(s, entry, v->e, c->op.nparam, known, err, errlen);
            if (rc == 0) rc = expr_eval(v->e, val, &result, err, errlen);
            if (rc == 0) rc = param_bits(&s->op->param[v->param], result, &bits, err, errlen);
        }
        if (rc) return rc;
        memcpy(out + s->op->param[v->param].off, &bits, sizeof(bits));
    }
    return 0;
}

/* ---- links ---- */

/* The dimensions without those of 1; false where only a plan knows them. */
static bool core_shape(const struct mxb_problem *pr, uint32_t t, uint64_t dim[PROBLEM_MAX_DIM], uint32_t *ndim)
{
    char ignored[MXB_ERRLEN];
    uint32_t all, n = 0;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): links and claims name steps that step_init() has passed */
    if (pr->op->tensor[t].per_tile || problem_shape(pr, t, NULL, dim, &all, ignored, sizeof(ignored))) return false;
    for (uint32_t i = 0; i < all; i++)
        if (dim[i] != 1) dim[n++] = dim[i];
    *ndim = n;
    return true;
}

static void shape_text(const struct mxb_problem *pr, uint32_t t, char *out, size_t n)
{
    uint64_t dim[PROBLEM_MAX_DIM];
    uint32_t ndim = 0;
    char ignored[MXB_ERRLEN];
    size_t len = (size_t)snprintf(out, n, "[");
    if (pr->nelem[t] == 0 || problem_shape(pr, t, NULL, dim, &ndim, ignored, sizeof(ignored))) ndim = 0;
    for (uint32_t i = 0; i < ndim && len < n; i++)
        len += (size_t)snprintf(out + len, n - len, "%s%" PRIu64, i ? "," : "", dim[i]);
    if (len < n) snprintf(out + len, n - len, "]");
}

/* Equal shapes, dimensions of 1 aside; a tensor of one dimension fits every shape of as many elements. */
static bool same_shape(const struct mxb_problem *a, uint32_t ta, const struct mxb_problem *b, uint32_t tb)
{
    uint64_t x[PROBLEM_MAX_DIM], y[PROBLEM_MAX_DIM];
    uint32_t nx, ny;
    if (!core_shape(a, ta, x, &nx) || !core_shape(b, tb, y, &ny)) return true;
    if (a->nelem[ta] == 0 || a->nelem[ta] != b->nelem[tb]) return false;
    if (nx <= 1 || ny <= 1) return true;
    return nx == ny && memcmp(x, y, nx * sizeof(x[0])) == 0;
}

static int check_pair(struct chain_problem *p, struct chain_ref a, struct chain_ref b, int line, int col, char *err,
                      size_t errlen)
{
    char x[128], y[128];
    const struct chain *c = p->chain;
    if (same_shape(&p->pr[a.step], a.tensor, &p->pr[b.step], b.tensor)) return 0;
    shape_text(&p->pr[a.step], a.tensor, x, sizeof(x));
    shape_text(&p->pr[b.step], b.tensor, y, sizeof(y));
    snprintf(err, errlen, "%s.%s is %s, %s.%s is %s", c->step[a.step].name, c->step[a.step].op->tensor[a.tensor].name,
             x, c->step[b.step].name, c->step[b.step].op->tensor[b.tensor].name, y);
    p->line = line;
    p->col = col;
    return MXB_EINVAL;
}

static int step_init(struct chain_problem *p, const struct mxb_problem *pr, uint32_t k, char *err, size_t errlen)
{
    const struct chain *c = p->chain;
    const struct chain_step *s = &c->step[k];
    char why[MXB_ERRLEN];
    int rc = step_params(c, k, pr, p->params[k], why, sizeof(why));
    if (rc == 0)
        rc = problem_init(&p->pr[k], s->op, step_entry(c, k, pr), p->params[k], pr->seed + k, pr->fill, why,
                          sizeof(why));
    if (rc) {
        snprintf(err, errlen, "%s: %.*s", s->name, MXB_ERRLEN - CHAIN_NAME - 8, why);
        p->line = s->line;
        p->col = s->col;
    }
    for (uint32_t i = 0; i < s->nlink && rc == 0; i++) {
        const struct chain_link *l = &s->link[i];
        p->from[k][l->tensor] = (uint16_t)(1 + plan_tensor(l->from.step, l->from.tensor));
        rc = check_pair(p, (struct chain_ref){ (uint8_t)k, l->tensor }, l->from, l->line, l->col, err, errlen);
    }
    return rc;
}

int chain_problem_init(struct chain_problem *p, const struct mxb_problem *pr, char *err, size_t errlen)
{
    const struct chain *c = chain_of(pr->op);
    int rc = 0;
    memset(p, 0, sizeof(*p));
    p->chain = c;
    p->n = c ? c->nstep : 1;
    if (!c) {
        p->pr[0] = *pr;
        return 0;
    }
    for (uint32_t k = 0; k < c->nstep && rc == 0; k++) rc = step_init(p, pr, k, err, errlen);
    for (uint32_t i = 0; i < c->nclaim && rc == 0; i++)
        rc = check_pair(p, c->claim[i].of, c->claim[i].to, c->claim[i].line, c->claim[i].col, err, errlen);
    return rc;
}

double chain_memory(const struct chain_problem *p)
{
    double sum = 0;
    for (uint32_t k = 0; k < p->n; k++)
        for (uint32_t t = 0; t < p->pr[k].op->ntensor; t++)
            if (!p->from[k][t]) sum += (double)problem_bytes(&p->pr[k], t);
    return sum;
}

/* ---- the chain as an op ---- */

static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    struct chain_problem p;
    return chain_problem_init(&p, pr, why, whylen);
}

/* Of the steps that are timed. */
static double sum_steps(const struct mxb_problem *pr, double (*of)(const struct mxb_problem *))
{
    struct chain_problem p;
    char ignored[MXB_ERRLEN];
    double sum = 0;
    if (chain_problem_init(&p, pr, ignored, sizeof(ignored))) return 0;
    for (uint32_t k = 0; k < p.n; k++)
        if (!p.chain->step[k].aside) sum += of(&p.pr[k]);
    return sum;
}

static double step_flops(const struct mxb_problem *pr) { return pr->op->flops ? pr->op->flops(pr) : 0; }
static double flops(const struct mxb_problem *pr) { return sum_steps(pr, step_flops); }
static double bytes(const struct mxb_problem *pr) { return sum_steps(pr, problem_min_bytes); }

void chain_op(struct chain *c)
{
    c->op.validate = validate;
    c->op.flops = flops;
    c->op.bytes = bytes;
}

const struct chain *chain_of(const struct mxb_op *op)
{
    return op->validate == validate ? (const struct chain *)op : NULL;
}
