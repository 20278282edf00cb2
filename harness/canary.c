/* The canary (canary.h): the op bench_spin with enough work to take about a millisecond on a core. */
#include "harness/canary.h"

#include <math.h>
#include <string.h>

#include "harness/ops.h"

enum { ITEMS = 4096, STEPS = 1024, RUNS = 5 };
static const double SLOWER = 1.05;

static void set_param(const struct mxb_op *op, void *params, const char *name, uint32_t value)
{
    for (uint32_t i = 0; i < op->nparam; i++)
        if (strcmp(op->param[i].name, name) == 0) memcpy((char *)params + op->param[i].off, &value, sizeof value);
}

void canary_make(struct arena *a, const char *lang, const struct mxb_caps *caps, struct canary *c)
{
    const struct mxb_op *op = ops_find("bench_spin");        /* NULL: a program built without it */
    struct mxb_problem pr;
    char ignored[MXB_ERRLEN];
    *c = (struct canary){ NULL, NULL };
    void *params = op ? arena_alloc(a, op->param_bytes) : NULL;
    struct plan *plan = params ? arena_alloc(a, sizeof *plan) : NULL;
    void **stored = plan ? arena_alloc(a, MXB_MAX_BIND * sizeof *stored) : NULL;
    if (!stored) return;
    ops_defaults(op, params);
    set_param(op, params, "items", ITEMS);
    set_param(op, params, "steps", STEPS);
    if (problem_init(&pr, op, &op->entry[0], params, 1, MXB_FILL_NORMAL, ignored, sizeof ignored)) return;
    if (plan_make(&pr, lang, caps, -1, NULL, 0, plan, ignored, sizeof ignored)) return;
    for (uint32_t t = 0; t < op->ntensor; t++) {
        if (!problem_reads(&pr, t)) continue;
        stored[t] = arena_alloc(a, problem_bytes(&pr, t));
        if (!stored[t]) return;
        problem_fill(&pr, t, stored, NULL, stored[t]);
    }
    *c = (struct canary){ plan, stored };
}

int canary_time(struct exec *x, const struct canary *c, double *ns, char *err, size_t errlen)
{
    double run[RUNS], compile_ns;
    int rc = exec_compile(x, c->plan, &compile_ns, err, errlen);
    if (rc == 0) rc = exec_load(x, c->plan, c->stored, 1, err, errlen);
    for (int i = -1; i < RUNS && rc == 0; i++) {     /* the first is a warm-up */
        struct mxb_time t = { -1, 0 };
        rc = exec_run(x, 1, &t, err, errlen);
        if (i >= 0) run[i] = t.dev_ns >= 0 ? t.dev_ns : t.host_ns;
    }
    *ns = rc ? 0 : stats_median(run, RUNS);
    return rc;
}

void canary_judge(struct measurement *m, double *best)
{
    const double fast = fmin(m->canary_ns[0], m->canary_ns[1]), slow = fmax(m->canary_ns[0], m->canary_ns[1]);
    if (!(fast > 0)) return;
    if (*best == 0 || fast < *best) *best = fast;
    if (slow > SLOWER * *best) m->noise |= NOISE_THROTTLED;
}
