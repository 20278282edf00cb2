/* What the unit tests of an op share: a problem with its inputs and the oracle's answer, the harness's verdict on given
 * outputs, the CPU kernels in buffers of exact size, vectors of scripts/golden, rejected arguments. */
#ifndef ORACLE_FIXTURE_H
#define ORACLE_FIXTURE_H
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/cpu/cpu.h"
#include "harness/check.h"
#include "harness/ops.h"
#include "harness/plan.h"

#define UNUSED __attribute__((unused))

struct run {
    struct mxb_problem pr;
    struct item_set set;
    struct oracle oracle;
    void *stored[MXB_MAX_BIND];      /* exact sizes; outputs for the test to write */
    unsigned char params[MXB_MAX_PUSH];
};

static void *room(size_t bytes)
{
    void *p = calloc(1, bytes + !bytes);
    assert_non_null(p);
    return p;
}

UNUSED static void run_open(const struct mxb_op *o, struct run *r, const char *entry, const void *params, enum mxb_fill fill,
                            uint64_t seed)
{
    char err[MXB_ERRLEN] = "";
    memset(r, 0, sizeof *r);
    memcpy(r->params, params, o->param_bytes);
    assert_non_null(ops_entry(o, entry));
    if (problem_init(&r->pr, o, ops_entry(o, entry), r->params, seed, fill, err, sizeof err) != 0)
        fail_msg("%s", err);
    for (uint32_t t = 0; t < o->ntensor; t++) {
        r->stored[t] = room(problem_bytes(&r->pr, t));
        if (problem_reads(&r->pr, t))
            problem_fill(&r->pr, t, r->stored, NULL, r->stored[t]);
    }
    if (item_set_make(&r->pr, 0, &r->set, err, sizeof err) != 0 ||
        oracle_run(&r->pr, r->stored, &r->set, 1, &r->oracle, err, sizeof err) != 0)
        fail_msg("%s", err);
}

UNUSED static void run_close(struct run *r)
{
    oracle_free(&r->oracle);
    item_set_free(&r->set);
    for (uint32_t t = 0; t < MXB_MAX_BIND; t++)
        free(r->stored[t]);
}

UNUSED static struct check_report judge(const struct run *r)
{
    struct check_report c;
    check_outputs(&r->pr, &r->oracle, &r->set, r->stored, MXB_F32, 1, &c);
    return c;
}

UNUSED static double in(const struct run *r, uint32_t t, uint64_t i) { return mxb_load(r->pr.dtype[t], r->stored[t], i); }
UNUSED static void put(const struct run *r, uint32_t t, uint64_t i, double v)
{
    mxb_store(r->pr.dtype[t], r->stored[t], i, v);
}

/* ---- CPU kernels ---- */

/* Runs implementation `impl` over all items in two calls, outputs and scratch full of NaN bits before.  False if the
 * processor cannot. */
UNUSED static bool run_cpu(struct run *r, int impl)
{
    struct mxb_caps caps;
    struct plan plan;
    char err[MXB_ERRLEN] = "";
    int32_t spec[MXB_MAX_SPEC];
    assert_int_equal(mxb_backend_cpu.info(0, &caps, err, sizeof err), 0);
    const int rc = plan_make(&r->pr, "c", &caps, impl, NULL, 0, &plan, err, sizeof err);
    if (rc == MXB_EUNSUP) return false;
    if (rc != 0) fail_msg("%s", err);
    for (uint32_t i = 0; i < plan.nspec; i++)
        spec[i] = plan.spec[i].value;
    for (uint32_t t = 0; t < r->pr.op->ntensor; t++)
        if (problem_writes(&r->pr, t))
            memset(r->stored[t], 0xff, problem_bytes(&r->pr, t));
    for (uint32_t s = 0; s < plan.nstep; s++) {
        const struct launch *l = &plan.step[s];
        const int64_t items = (int64_t)l->groups[0] * l->groups[1] * l->groups[2];
        void *scratch;
        assert_int_equal(posix_memalign(&scratch, 64, l->scratch_bytes + !l->scratch_bytes), 0);
        memset(scratch, 0xff, l->scratch_bytes);
        const struct mxb_args args = { r->stored, r->params, spec, l->groups, scratch };
        plan.impl->kernel[l->kernel].cpu(&args, 0, items / 3);
        plan.impl->kernel[l->kernel].cpu(&args, items / 3, items);
        free(scratch);
    }
    return true;
}

/* Every fill on every CPU implementation must pass. */
UNUSED static void check_cpu(const struct mxb_op *o, const char *entry, const void *params)
{
    for (int fill = 0; fill < MXB_NFILL; fill++) {
        struct run r;
        if (!(o->fills >> fill & 1)) continue;
        run_open(o, &r, entry, params, (enum mxb_fill)fill, 5);
        for (uint32_t i = 0; i < o->nimpl; i++) {
            if (strcmp(o->impl[i].lang, "c") != 0 || !run_cpu(&r, (int)i)) continue;
            const struct check_report c = judge(&r);
            if (c.status != ST_PASS)
                fail_msg("%s %s fill %d: %s", entry, o->impl[i].name, fill, c.text);
        }
        run_close(&r);
    }
}

/* ---- vectors of scripts/golden ---- */

/* "entry parameter=value ..." */
UNUSED static const struct mxb_entry *read_head(FILE *f, const struct mxb_op *o, void *params)
{
    char line[512], *word, *save;
    assert_non_null(fgets(line, sizeof line, f));
    line[strcspn(line, "\n")] = 0;
    const struct mxb_entry *e = ops_entry(o, strtok_r(line, " ", &save));
    assert_non_null(e);
    ops_defaults(o, params);
    while ((word = strtok_r(NULL, " ", &save))) {
        char *value = strchr(word, '=');
        uint32_t i = 0;
        assert_non_null(value);
        *value++ = 0;
        while (i < o->nparam && strcmp(o->param[i].name, word) != 0)
            i++;
        assert_true(i < o->nparam);
        const float x = strtof(value, NULL);
        const uint32_t n = (uint32_t)strtol(value, NULL, 10);
        memcpy((char *)params + o->param[i].off, o->param[i].type == 'f' ? (const void *)&x : (const void *)&n, 4);
    }
    return e;
}

UNUSED static double *read_numbers(FILE *f, uint64_t n)
{
    double *v = room(n * sizeof *v);
    for (uint64_t i = 0; i < n; i++)
        assert_int_equal(fscanf(f, "%lf", &v[i]), 1);
    return v;
}

/* A file of tests/golden/<op>/: the head, then all tensors in the table's order.  The oracle must give its outputs
 * within `relative` of the largest magnitude of the tensor, integers exactly. */
UNUSED static void check_golden(const struct mxb_op *o, const char *name, double relative)
{
    char path[160], err[MXB_ERRLEN] = "";
    unsigned char params[MXB_MAX_PUSH];
    struct mxb_ref t[MXB_MAX_BIND] = { { .v = NULL } };
    double *want[MXB_MAX_BIND] = { NULL };
    struct mxb_problem pr;
    struct item_set set;
    snprintf(path, sizeof path, "tests/golden/%s/%s.txt", o->name, name);
    FILE *f = fopen(path, "r");
    if (!f) fail_msg("cannot read %s; run from the top folder", path);
    const struct mxb_entry *e = read_head(f, o, params);
    if (problem_init(&pr, o, e, params, 1, MXB_FILL_NORMAL, err, sizeof err) != 0) fail_msg("%s: %s", name, err);
    for (uint32_t i = 0; i < o->ntensor; i++) {
        double *v = read_numbers(f, pr.nelem[i]);
        for (uint64_t k = 0; problem_reads(&pr, i) && k < pr.nelem[i]; k++)
            assert_true(isnan(v[k]) || mxb_round(pr.dtype[i], v[k]) == v[k]);    /* what the entry can hold */
        t[i].v = problem_writes(&pr, i) ? room(pr.nelem[i] * sizeof(double)) : v;
        t[i].p = room(pr.nelem[i] * sizeof(double));
        t[i].x = room(pr.nelem[i] * sizeof(double));
        want[i] = problem_writes(&pr, i) ? v : NULL;
    }
    fclose(f);
    if (item_set_make(&pr, 0, &set, err, sizeof err) != 0) fail_msg("%s", err);
    o->reference(&pr, t, 0, set.items);
    item_set_free(&set);
    for (uint32_t i = 0; i < o->ntensor; i++) {
        double size = 0;
        for (uint64_t k = 0; want[i] && k < pr.nelem[i]; k++)
            size = isfinite(want[i][k]) ? fmax(size, fabs(want[i][k])) : size;
        const double slack = mxb_unit(pr.dtype[i]) > 0 ? relative * size : 0;
        for (uint64_t k = 0; want[i] && k < pr.nelem[i]; k++)
            if (!(fabs(t[i].v[k] - want[i][k]) <= slack) && !(t[i].v[k] == want[i][k]) &&
                !(isnan(t[i].v[k]) && isnan(want[i][k])))
                fail_msg("%s: %s[%llu] is %.17g, wanted %.17g", name, o->tensor[i].name, (unsigned long long)k, t[i].v[k],
                         want[i][k]);
        free(t[i].v), free(t[i].p), free(t[i].x), free(want[i]);
    }
}

/* ---- argument checks ---- */

UNUSED static void rejected(const struct mxb_op *o, const char *entry, const void *params, const char *text)
{
    struct mxb_problem pr;
    char err[MXB_ERRLEN] = "";
    assert_int_equal(problem_init(&pr, o, ops_entry(o, entry), params, 1, MXB_FILL_NORMAL, err, sizeof err), MXB_EINVAL);
    if (strncmp(err, "Invalid argument: ", 18) != 0 || !strstr(err, text))
        fail_msg("'%s' does not speak of '%s'", err, text);
}

UNUSED static void check_tables(const struct mxb_op *o)
{
    char err[MXB_ERRLEN] = "";
    if (ops_check(o, err, sizeof err) != 0) fail_msg("%s", err);
}
#endif
