/* A chain for tests: an inline case read by the suite reader, its steps planned for a plain CPU, and a stand-in for a
 * device that stores what each step's oracle says of the inputs that the step reads. */
#ifndef CHAIN_CASE_H
#define CHAIN_CASE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "harness/arena.h"
#include "harness/chain.h"

struct chain_case {
    struct case_list list;
    const struct bench_problem *bp;
    const struct chain *chain;
    struct mxb_problem pr;
    struct arena arena;
    struct chain_problem *steps;
    struct plan *plan;
    void **stored, **out;            /* by plan_tensor() */
};

static const struct mxb_caps plain_cpu = { .name = "plain", .max_wg = 1, .max_groups = { 1u << 30, 1u << 30, 1u << 30 },
                                           .push_bytes = MXB_MAX_PUSH, .max_bind = MXB_MAX_BIND, .bind_align = 64, .units = 1,
                                           .local_bytes = 1 << 20, .mem_bytes = 1ull << 33, .max_buffer = 1ull << 33 };

/* The first case of the text. */
static inline void chain_case_open(struct chain_case *c, const char *text)
{
    char err[MXB_ERRLEN] = "";
    memset(c, 0, sizeof *c);
    if (suites_load(&text, 1, NULL, &c->list, err, sizeof err)) fail_msg("%s", err);
    c->bp = &c->list.problem[0];
    c->chain = chain_of(c->bp->block->op);
    assert_non_null(c->chain);
    assert_int_equal(problem_init(&c->pr, c->bp->block->op, c->bp->entry, c->bp->params, c->bp->seed, MXB_FILL_NORMAL, err,
                                  sizeof err), 0);
    assert_int_equal(arena_new(&c->arena), 0);
    c->steps = arena_alloc(&c->arena, sizeof *c->steps);
    assert_int_equal(chain_problem_init(c->steps, &c->pr, err, sizeof err), 0);
}

static inline void chain_case_plan(struct chain_case *c)
{
    char why[MXB_ERRLEN] = "";
    if (chain_plan(c->steps, "c", &plain_cpu, &c->arena, &c->plan, why, sizeof why)) fail_msg("%s", why);
}

/* Inputs of all steps; room for their outputs.  The arrays are as long as the chain: a sanitizer sees a step too many. */
static inline void chain_case_fill(struct chain_case *c)
{
    c->stored = calloc(plan_tensor(c->steps->n, 0), sizeof *c->stored);
    c->out = calloc(plan_tensor(c->steps->n, 0), sizeof *c->out);
    for (uint32_t k = 0; k < c->steps->n; k++) {
        const struct plan *p = plan_at(c->plan, k);
        for (uint32_t t = 0; t < p->pr.op->ntensor; t++) {
            const uint32_t at = plan_tensor(k, t);
            if (problem_reads(&p->pr, t)) {
                c->stored[at] = calloc(1, problem_bytes(&p->pr, t));
                problem_fill(&p->pr, t, c->stored + plan_tensor(k, 0), &p->scope, c->stored[at]);
            }
            if (problem_writes(&p->pr, t)) c->out[at] = calloc(1, problem_bytes(&p->pr, t));
        }
    }
}

static inline void chain_case_oracle(struct chain_case *c, uint32_t k, struct oracle *o)
{
    const struct plan *p = plan_at(c->plan, k);
    void *in[MXB_MAX_BIND] = { NULL };
    struct item_set all;
    char err[MXB_ERRLEN];
    for (uint32_t t = 0; t < p->pr.op->ntensor; t++)
        if (problem_reads(&p->pr, t)) in[t] = (void *)(uintptr_t)plan_content(c->plan, k, t, c->stored, c->out);
    assert_int_equal(item_set_make(&p->pr, 0, &all, err, sizeof err), 0);
    assert_int_equal(oracle_run(&p->pr, in, &all, 1, o, err, sizeof err), 0);
    item_set_free(&all);
}

/* Runs step k as the best device would: the oracle's values, rounded. */
static inline void chain_case_step(struct chain_case *c, uint32_t k)
{
    const struct mxb_problem *pr = &plan_at(c->plan, k)->pr;
    struct oracle o;
    chain_case_oracle(c, k, &o);
    for (uint32_t t = 0; t < pr->op->ntensor; t++)
        for (uint64_t i = 0; problem_writes(pr, t) && i < pr->nelem[t]; i++)
            mxb_store(pr->dtype[t], c->out[plan_tensor(k, t)], i, o.t[t].v[i]);
    oracle_free(&o);
}

static inline void chain_case_run(struct chain_case *c)
{
    for (uint32_t k = 0; k < c->steps->n; k++) chain_case_step(c, k);
}

/* "step.tensor" */
static inline struct chain_ref chain_case_ref(const struct chain_case *c, const char *name)
{
    for (uint8_t k = 0; k < c->steps->n; k++) {
        const size_t n = strlen(c->chain->step[k].name);
        if (strncmp(c->chain->step[k].name, name, n) != 0 || name[n] != '.') continue;
        for (uint8_t t = 0; t < c->chain->step[k].op->ntensor; t++)
            if (strcmp(c->chain->step[k].op->tensor[t].name, name + n + 1) == 0) return (struct chain_ref){ k, t };
    }
    fail_msg("no tensor %s", name);
    return (struct chain_ref){ 0, 0 };
}

/* Multiplies an output by `factor`, element by element. */
static inline void chain_case_scale(struct chain_case *c, const char *name, double factor)
{
    const struct chain_ref ref = chain_case_ref(c, name);
    const struct mxb_problem *pr = &plan_at(c->plan, ref.step)->pr;
    void *out = c->out[plan_tensor(ref.step, ref.tensor)];
    for (uint64_t i = 0; i < pr->nelem[ref.tensor]; i++)
        mxb_store(pr->dtype[ref.tensor], out, i, mxb_load(pr->dtype[ref.tensor], out, i) * factor);
}

static inline void chain_case_close(struct chain_case *c)
{
    for (uint32_t i = 0; c->stored && i < plan_tensor(c->steps->n, 0); i++) {
        free(c->stored[i]);
        free(c->out[i]);
    }
    free(c->stored);
    free(c->out);
    arena_free(&c->arena);
    suites_free(&c->list);
}
#endif
