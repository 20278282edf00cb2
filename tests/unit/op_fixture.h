/* One problem of any op in exact-size buffers, so that a sanitizer sees every access outside a tensor: its inputs, what the oracle
 * says, and its CPU kernels run by the plan that the program would make. */
#ifndef OP_FIXTURE_H
#define OP_FIXTURE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "backends/cpu/cpu.h"
#include "harness/check.h"
#include "harness/ops.h"
#include "harness/plan.h"

struct setting { const char *name; double value; };      /* of a parameter; the list ends with a NULL name */

struct op_run {
    struct mxb_problem pr;
    uint32_t params[MXB_MAX_PUSH / 4];
    struct item_set set;
    struct oracle oracle;
    void *input[MXB_MAX_BIND];       /* as generated */
    void *tensor[MXB_MAX_BIND];      /* what a kernel works on */
};

/* Defaults with the settings laid over them; an unknown name fails the test. */
static inline void set_params(const struct mxb_op *op, const struct setting *s, uint32_t *params)
{
    ops_defaults(op, params);
    for (; s && s->name; s++) {
        const struct mxb_param *p = NULL;
        for (uint32_t i = 0; i < op->nparam; i++)
            if (strcmp(op->param[i].name, s->name) == 0) p = &op->param[i];
        if (!p) fail_msg("%s has no parameter %s", op->name, s->name);
        else if (p->type == 'f') memcpy(&params[p->off / 4], &(float){ (float)s->value }, 4);
        else if (p->type == 'i') params[p->off / 4] = (uint32_t)(int32_t)s->value;
        else params[p->off / 4] = (uint32_t)s->value;
    }
}

static inline void new_buffers(struct op_run *r)
{
    for (uint32_t t = 0; t < r->pr.op->ntensor; t++) {
        r->input[t] = malloc(problem_bytes(&r->pr, t) + !r->pr.nelem[t]);
        r->tensor[t] = malloc(problem_bytes(&r->pr, t) + !r->pr.nelem[t]);
        assert_true(r->input[t] && r->tensor[t]);
    }
}

/* The problem alone; inputs and oracle are the caller's. */
static inline void run_init(struct op_run *r, const char *entry, const struct setting *s, enum mxb_fill fill)
{
    char err[MXB_ERRLEN] = "";
    const struct mxb_op *op = NULL;
    *r = (struct op_run){ 0 };
    const struct mxb_entry *e = ops_find_entry(entry, &op);
    if (!e) fail_msg("no entry %s", entry);
    set_params(op, s, r->params);
    if (problem_init(&r->pr, op, e, r->params, 3, fill, err, sizeof err) != 0) fail_msg("%s: %s", entry, err);
    new_buffers(r);
}

/* Once more after other inputs, too. */
static inline void run_oracle(struct op_run *r)
{
    char err[MXB_ERRLEN] = "";
    oracle_free(&r->oracle);
    item_set_free(&r->set);
    if (item_set_make(&r->pr, 0, &r->set, err, sizeof err) != 0 ||
        oracle_run(&r->pr, r->input, &r->set, 1, &r->oracle, err, sizeof err) != 0)
        fail_msg("%s", err);
}

static inline void run_open(struct op_run *r, const char *entry, const struct setting *s, enum mxb_fill fill)
{
    run_init(r, entry, s, fill);
    for (uint32_t t = 0; t < r->pr.op->ntensor; t++)
        if (problem_reads(&r->pr, t)) problem_fill(&r->pr, t, r->input, NULL, r->input[t]);
    run_oracle(r);
}

static inline void run_close(struct op_run *r)
{
    oracle_free(&r->oracle);
    item_set_free(&r->set);
    for (uint32_t t = 0; t < MXB_MAX_BIND; t++) {
        free(r->input[t]);
        free(r->tensor[t]);
    }
}

/* Inputs as generated, everything else NaN bits. */
static inline void reset_tensors(struct op_run *r)
{
    for (uint32_t t = 0; t < r->pr.op->ntensor; t++) {
        if (problem_reads(&r->pr, t)) memcpy(r->tensor[t], r->input[t], problem_bytes(&r->pr, t));
        else memset(r->tensor[t], 0xff, problem_bytes(&r->pr, t));
    }
}

static inline struct check_report judge(struct op_run *r)
{
    struct check_report c;
    check_outputs(&r->pr, &r->oracle, &r->set, r->tensor, MXB_F32, 1, &c);
    return c;
}

/* One kernel of a plan, its items in two calls as on two threads. */
static inline void run_step(const struct plan *p, const struct launch *l, void *const *tensor)
{
    const struct mxb_kernel *k = &p->impl->kernel[l->kernel];
    const int64_t items = (int64_t)l->groups[0] * l->groups[1] * l->groups[2];
    void *buf[MXB_MAX_BIND] = { 0 }, *scratch = NULL;
    int32_t spec[MXB_MAX_SPEC];
    for (uint32_t i = 0; i < l->nbind; i++) buf[i] = tensor[l->bind[i]];
    for (uint32_t i = 0; i < p->nspec; i++) spec[i] = p->spec[i].value;
    assert_int_equal(posix_memalign(&scratch, 64, l->scratch_bytes + !l->scratch_bytes), 0);
    memset(scratch, 0xff, l->scratch_bytes);
    const struct mxb_args args = {
        .buf = buf, .params = p->pr.params, .spec = spec, .groups = l->groups, .scratch = scratch,
    };
    k->cpu(&args, 0, items / 3);
    k->cpu(&args, items / 3, items);
    free(scratch);
}

/* Runs impl number `impl` on fresh tensors; false if it is no CPU impl of the entry, or this machine cannot. */
static inline bool run_cpu(struct op_run *r, uint32_t impl, const struct tile_value *tile, uint32_t ntile)
{
    const struct mxb_op *op = r->pr.op;
    struct mxb_caps caps;
    char err[MXB_ERRLEN] = "";
    if (!op->impl[impl].kernel[0].cpu) return false;
    assert_int_equal(mxb_backend_cpu.info(0, &caps, err, sizeof err), 0);
    struct plan *p = malloc(sizeof *p);
    assert_non_null(p);
    const int rc = plan_make(&r->pr, "c", &caps, (int)impl, tile, ntile, p, err, sizeof err);
    if (rc != 0 && rc != MXB_EUNSUP) fail_msg("%s: %s", r->pr.entry->name, err);
    if (rc == 0) {
        for (uint32_t t = 0; t < op->ntensor; t++)
            if (op->tensor[t].per_tile) {
                free(r->tensor[t]);
                r->tensor[t] = malloc(problem_bytes(&p->pr, t) + !p->pr.nelem[t]);
                assert_non_null(r->tensor[t]);
            }
        reset_tensors(r);
        for (uint32_t i = 0; i < p->nstep; i++) run_step(p, &p->step[i], r->tensor);
    }
    free(p);
    return rc == 0;
}

/* The settings must be rejected with a text that holds `text`. */
static inline void expect_rejected(const char *entry, const struct setting *s, const char *text)
{
    uint32_t params[MXB_MAX_PUSH / 4];
    char err[MXB_ERRLEN] = "";
    struct mxb_problem pr;
    const struct mxb_op *op = NULL;
    const struct mxb_entry *e = ops_find_entry(entry, &op);
    assert_non_null(e);
    set_params(op, s, params);
    assert_int_equal(problem_init(&pr, op, e, params, 1, MXB_FILL_NORMAL, err, sizeof err), MXB_EINVAL);
    if (strncmp(err, "Invalid argument: ", 18) != 0 || !strstr(err, text)) fail_msg("'%s' does not speak of '%s'", err, text);
}
#endif
