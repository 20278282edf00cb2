/* Agreement of two ways to compute the same (chain_agree.h). */
#include "harness/chain_agree.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM_NOISE = 0x6e6f6900 };                  /* of mxb_rand_normal; + the tensor's number */
enum { NTENSOR = CHAIN_MAX_STEPS * MXB_MAX_BIND };

struct agree {
    const struct plan *head;
    void *const *stored;
    uint32_t threads;
    char *err; size_t errlen;
};

static int no_memory(const struct agree *g)
{
    snprintf(g->err, g->errlen, "out of memory for the comparison of two branches");
    return MXB_ENOMEM;
}

/* Bits of step k and of all steps whose outputs went into it.  A link to an input of another step leads on from there.
 */
static uint32_t ancestry(const struct plan *head, uint32_t k)
{
    const struct plan *p = plan_at(head, k);
    uint32_t steps = 1u << k;
    for (uint32_t t = 0; t < p->pr.op->ntensor; t++) {
        uint32_t from = p->from[t];
        while (from) {
            const uint32_t step = (from - 1) / MXB_MAX_BIND, tensor = (from - 1) % MXB_MAX_BIND;
            if (problem_writes(&plan_at(head, step)->pr, tensor)) {
                steps |= ancestry(head, step);
                break;
            }
            from = plan_at(head, step)->from[tensor];
        }
    }
    return steps;
}

/* The oracle of step k on what it read. */
static int run_oracle(const struct agree *g, uint32_t k, void *const *out, struct oracle *o)
{
    const struct plan *p = plan_at(g->head, k);
    void *in[MXB_MAX_BIND] = { NULL };
    struct item_set all = { 0 };
    for (uint32_t t = 0; t < p->pr.op->ntensor; t++)
        if (problem_reads(&p->pr, t)) in[t] = (void *)(uintptr_t)plan_content(g->head, k, t, g->stored, out);
    int rc = item_set_make(&p->pr, 0, &all, g->err, g->errlen);
    if (rc == 0) rc = oracle_run(&p->pr, in, &all, g->threads, o, g->err, g->errlen);
    item_set_free(&all);
    return rc;
}

/* Stores the oracle's value of an intermediate tensor, in the draws after the first with noise. */
static int store_noisy(const struct agree *g, uint32_t k, uint32_t t, const struct oracle *o, uint32_t draw, void *out)
{
    const struct plan *p = plan_at(g->head, k);
    const uint64_t n = p->pr.nelem[t];
    const uint32_t stream = STREAM_NOISE + plan_tensor(k, t);
    double *var = calloc(n, sizeof(*var));
    if (!var) return no_memory(g);
    if (draw) check_variance(&p->pr, t, &o->t[t], p->impl, var);
    for (uint64_t i = 0; i < n; i++) {
        const double noise = draw ? sqrt(var[i]) * mxb_rand_normal(p->pr.seed, stream, (draw - 1) * n + i) : 0;
        mxb_store(p->pr.dtype[t], out, i, o->t[t].v[i] + (var[i] > 0 ? noise : 0));
    }
    free(var);
    return 0;
}

/* One draw: the branch from its first step on; v gets the last oracle's values.  sim: the actual outputs with those of
 * the branch replaced by arrays of its own. */
static int simulate(const struct agree *g, uint32_t branch, struct chain_ref last, uint32_t draw, void *const *sim,
                    double *v)
{
    int rc = 0;
    for (uint32_t k = 0; k <= last.step && rc == 0; k++) {
        const struct mxb_problem *pr = &plan_at(g->head, k)->pr;
        struct oracle o = { 0 };
        if (!(branch >> k & 1)) continue;
        rc = run_oracle(g, k, sim, &o);
        for (uint32_t t = 0; t < pr->op->ntensor && rc == 0 && k < last.step; t++)
            if (problem_writes(pr, t)) rc = store_noisy(g, k, t, &o, draw, sim[plan_tensor(k, t)]);
        if (rc == 0 && k == last.step) memcpy(v, o.t[last.tensor].v, pr->nelem[last.tensor] * sizeof(*v));
        oracle_free(&o);
    }
    return rc;
}

/* Adds to var what the errors of the branch's earlier steps do to the last one's output. */
static int add_spread(const struct agree *g, uint32_t branch, struct chain_ref last, void *const *out, double *var)
{
    const uint64_t n = plan_at(g->head, last.step)->pr.nelem[last.tensor];
    void *sim[NTENSOR] = { NULL };
    double *still = calloc(n, sizeof(*still)), *moved = calloc(n, sizeof(*moved));
    int rc = still && moved ? 0 : no_memory(g);
    memcpy(sim, out, plan_tensor(plan_length(g->head), 0) * sizeof(sim[0]));
    for (uint32_t k = 0; k < last.step; k++) {
        const struct mxb_problem *pr = &plan_at(g->head, k)->pr;
        for (uint32_t t = 0; t < pr->op->ntensor; t++)
            if (branch >> k & 1 && problem_writes(pr, t) &&
                !(sim[plan_tensor(k, t)] = calloc(1, problem_bytes(pr, t))) && rc == 0)
                rc = no_memory(g);
    }
    if (rc == 0) rc = simulate(g, branch, last, 0, sim, still);
    for (uint32_t draw = 1; draw <= AGREE_DRAWS && rc == 0; draw++) {
        rc = simulate(g, branch, last, draw, sim, moved);
        for (uint64_t i = 0; i < n && rc == 0; i++) {
            const double d = moved[i] - still[i];
            if (isfinite(d)) var[i] += d * d / AGREE_DRAWS;
        }
    }
    for (uint32_t i = 0; i < plan_tensor(last.step, 0); i++)
        if (sim[i] != out[i]) free(sim[i]);
    free(still);
    free(moved);
    return rc;
}

/* Adds sigma^2 of one side. */
static int add_side(const struct agree *g, struct chain_ref last, uint32_t branch, void *const *out, double *var)
{
    const struct plan *p = plan_at(g->head, last.step);
    const uint64_t n = p->pr.nelem[last.tensor];
    struct oracle o = { 0 };
    double *own = calloc(n, sizeof(*own));
    int rc = own ? run_oracle(g, last.step, out, &o) : no_memory(g);
    if (rc == 0) check_variance(&p->pr, last.tensor, &o.t[last.tensor], p->impl, own);
    for (uint64_t i = 0; i < n && rc == 0; i++) var[i] += own[i];
    if (rc == 0 && branch & ~(1u << last.step)) rc = add_spread(g, branch, last, out, var);
    oracle_free(&o);
    free(own);
    return rc;
}

static double squared(double a, double b, double var)
{
    if (isnan(a) || isnan(b)) return isnan(a) && isnan(b) ? 0 : INFINITY;
    if (a == b) return 0;
    const double z2 = (a - b) * (a - b) / var;
    return isfinite(z2) ? z2 : INFINITY; /* infinities; no error is allowed; a scale that says nothing */
}

static void compare(const struct mxb_problem *pa, uint32_t ta, const void *a, const struct mxb_problem *pb, uint32_t tb,
                    const void *b, const double *var, double gate, struct agreement *r)
{
    double sum = 0, worst = 0;
    for (uint64_t i = 0; i < r->n; i++) {
        const double x = mxb_load(pa->dtype[ta], a, i), y = mxb_load(pb->dtype[tb], b, i), z2 = squared(x, y, var[i]);
        sum += z2;
        r->bad += z2 > gate * gate;
        if (i > 0 && z2 <= worst) continue;
        worst = z2;
        r->at = i;
        r->a = x;
        r->b = y;
    }
    r->rms = sqrt(sum / (double)r->n);
    r->max = sqrt(worst);
}

int chain_agree(const struct plan *head, struct chain_ref a, struct chain_ref b, void *const *stored, void *const *out,
                uint32_t threads, double tolerance, struct agreement *r, char *err, size_t errlen)
{
    const struct agree g = { head, stored, threads, err, errlen };
    const struct mxb_problem *pa = &plan_at(head, a.step)->pr, *pb = &plan_at(head, b.step)->pr;
    const uint32_t of_a = ancestry(head, a.step), of_b = ancestry(head, b.step);
    *r = (struct agreement){ .n = pa->nelem[a.tensor] };
    double *var = calloc(r->n + 1, sizeof(*var));
    int rc = var ? 0 : no_memory(&g);
    if (rc == 0) rc = add_side(&g, a, of_a & ~of_b, out, var);
    if (rc == 0) rc = add_side(&g, b, of_b & ~of_a, out, var);
    if (rc == 0)
        compare(pa, a.tensor, out[plan_tensor(a.step, a.tensor)], pb, b.tensor, out[plan_tensor(b.step, b.tensor)], var,
                CHECK_GATE_MAX * tolerance, r);
    free(var);
    return rc;
}
