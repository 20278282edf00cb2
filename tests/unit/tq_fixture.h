/* One problem of a TurboQuant op in a unit test: its inputs, what the oracle says, what a CPU kernel or the test itself
 * computes, and the harness's own verdict.  Buffers have their exact size, so that a sanitizer sees every stray access.
 * */
#ifndef TQ_FIXTURE_H
#define TQ_FIXTURE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/cpu/cpu.h"
#include "harness/check.h"
#include "harness/ops.h"
#include "harness/plan.h"

struct run {
    struct mxb_problem pr;
    struct item_set set;
    struct oracle oracle;
    void *stored[MXB_MAX_BIND];      /* inputs */
    void *got[MXB_MAX_BIND];         /* outputs */
};

static inline void run_inputs(struct run *r, const struct mxb_op *op, const char *entry, const void *params,
                              uint64_t seed, enum mxb_fill fill)
{
    char err[MXB_ERRLEN] = "";
    *r = (struct run){ 0 };
    assert_non_null(ops_entry(op, entry));
    if (problem_init(&r->pr, op, ops_entry(op, entry), params, seed, fill, err, sizeof err) != 0) fail_msg("%s", err);
    for (uint32_t t = 0; t < op->ntensor; t++) {
        const uint64_t bytes = problem_bytes(&r->pr, t);
        if (problem_reads(&r->pr, t)) {
            assert_non_null(r->stored[t] = malloc(bytes));
            problem_fill(&r->pr, t, r->stored, NULL, r->stored[t]);
        }
        if (problem_writes(&r->pr, t)) assert_non_null(r->got[t] = malloc(bytes));
    }
}

/* Runs the oracle on the inputs, again if they were changed. */
static inline void run_oracle(struct run *r)
{
    char err[MXB_ERRLEN] = "";
    oracle_free(&r->oracle);
    item_set_free(&r->set);
    if (item_set_make(&r->pr, 0, &r->set, err, sizeof err) != 0 ||
        oracle_run(&r->pr, r->stored, &r->set, 1, &r->oracle, err, sizeof err) != 0)
        fail_msg("%s", err);
}

static inline void run_open(struct run *r, const struct mxb_op *op, const char *entry, const void *params,
                            uint64_t seed, enum mxb_fill fill)
{
    run_inputs(r, op, entry, params, seed, fill);
    run_oracle(r);
}

static inline void run_close(struct run *r)
{
    oracle_free(&r->oracle);
    item_set_free(&r->set);
    for (uint32_t t = 0; t < MXB_MAX_BIND; t++) {
        free(r->stored[t]);
        free(r->got[t]);
    }
}

/* got = the inputs of in-place tensors, poison in the others. */
static inline void run_poison(struct run *r)
{
    for (uint32_t t = 0; t < r->pr.op->ntensor; t++)
        if (r->got[t] && r->stored[t]) memcpy(r->got[t], r->stored[t], problem_bytes(&r->pr, t));
        else if (r->got[t]) memset(r->got[t], 0xFF, problem_bytes(&r->pr, t));
}

/* got = what implementation `impl` of the CPU computes, in two calls; false where this processor cannot run it. */
static inline bool run_cpu(struct run *r, int impl)
{
    static struct mxb_caps caps;     /* asked once */
    struct plan *p = calloc(1, sizeof *p);
    char why[MXB_ERRLEN] = "";
    int32_t spec[MXB_MAX_SPEC];
    assert_non_null(p);
    if (!caps.features) assert_int_equal(mxb_backend_cpu.info(0, &caps, why, sizeof why), 0);
    const int rc = plan_make(&r->pr, "c", &caps, impl, NULL, 0, p, why, sizeof why);
    if (rc == MXB_EUNSUP) {
        free(p);
        return false;
    }
    if (rc != 0) fail_msg("%s", why);
    run_poison(r);
    for (uint32_t i = 0; i < p->nspec; i++) spec[i] = p->spec[i].value;
    for (uint32_t s = 0; s < p->nstep; s++) {
        const struct launch *l = &p->step[s];
        void *buf[MXB_MAX_BIND], *scratch = NULL;
        for (uint32_t b = 0; b < l->nbind; b++) {
            const uint32_t t = l->bind[b];
            buf[b] = r->got[t] ? r->got[t] : r->stored[t];
        }
        if (l->scratch_bytes) assert_non_null(scratch = aligned_alloc(64, (l->scratch_bytes + 63) / 64 * 64));
        const struct mxb_args args = { .buf = buf, .params = r->pr.params, .spec = spec, .groups = l->groups,
                                       .scratch = scratch };
        const int64_t items = (int64_t)l->groups[0] * l->groups[1] * l->groups[2];
        p->impl->kernel[l->kernel].cpu(&args, items / 2, items);
        p->impl->kernel[l->kernel].cpu(&args, 0, items / 2);
        free(scratch);
    }
    free(p);
    return true;
}

static inline struct check_report run_judge(struct run *r)
{
    struct check_report report;
    check_outputs(&r->pr, &r->oracle, &r->set, r->got, MXB_F32, 1, &report);
    return report;
}

/* Every CPU implementation must pass. */
static inline void run_expect_cpu(struct run *r, const char *what)
{
    for (uint32_t i = 0; i < r->pr.op->nimpl; i++) {
        if (strcmp(r->pr.op->impl[i].lang, "c") != 0 || !run_cpu(r, (int)i)) continue;
        const struct check_report c = run_judge(r);
        if (c.status != ST_PASS) fail_msg("%s %s: %s", what, r->pr.op->impl[i].name, c.text);
    }
}

/* The arguments are refused with a text that speaks of `text`. */
static inline void run_rejects(const struct mxb_op *op, const char *entry, const void *params, const char *text)
{
    struct mxb_problem pr;
    char err[MXB_ERRLEN] = "";
    const int rc = problem_init(&pr, op, ops_entry(op, entry), params, 1, MXB_FILL_NORMAL, err, sizeof err);
    assert_int_equal(rc, MXB_EINVAL);
    if (strncmp(err, "Invalid argument: ", 18) != 0 || !strstr(err, text))
        fail_msg("'%s' does not speak of '%s'", err, text);
}

/* The seeded normal numbers of the upstream tests (spec: Gauss-D), in f32. */
static inline void gauss_d(uint64_t seed, float *x, uint32_t n)
{
    uint64_t state = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    for (uint32_t i = 0; i < n; i += 2) {
        float u[2];
        for (int k = 0; k < 2; k++) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            u[k] = (float)(((double)(uint32_t)(state >> 32) + 0.5) / 4294967296.0);
        }
        u[0] = fminf(fmaxf(u[0], 1e-7f), 1 - 1e-7f);
        const float radius = sqrtf(-2 * logf(u[0])), angle = 6.2831853f * u[1];
        x[i] = radius * cosf(angle);
        if (i + 1 < n) x[i + 1] = radius * sinf(angle);
    }
}
#endif
