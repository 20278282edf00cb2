/* Inputs of the cases of a group, and the jobs that workers do for them (group_job.h). */
#include "harness/group_job.h"

#include <math.h>

#include "harness/interrupt.h"

/* A link has no content of its own, but an op's generator may look at the tensors before the one that it makes. */
static bool needs_content(const struct chain_problem *cp, uint32_t k, uint32_t t)
{
    const struct mxb_problem *pr = &cp->pr[k];
    return problem_reads(pr, t) && !pr->op->tensor[t].per_tile && (!cp->from[k][t] || pr->op->generate);
}

int make_inputs(struct group *g, const struct mxb_problem *pr, struct inputs *in)
{
    struct chain_problem cp;
    char err[MXB_ERRLEN];
    *in = (struct inputs){ { NULL } };
    const int rc = chain_problem_init(&cp, pr, err, sizeof(err));
    for (uint32_t k = 0; k < cp.n && rc == 0; k++)
        for (uint32_t t = 0; t < cp.pr[k].op->ntensor && !run_interrupted; t++) {
            void **stored = in->stored + plan_tensor(k, 0);
            if (!needs_content(&cp, k, t)) continue;
            stored[t] = arena_alloc(g->arena, problem_bytes(&cp.pr[k], t));
            if (!stored[t]) return MXB_ENOMEM;
            problem_fill(&cp.pr[k], t, stored, NULL, stored[t]);
        }
    return rc;
}

/* Inputs that depend on the case's tiles, beside those of the problem. */
static int make_case_inputs(struct group *g, const struct plan *head, const struct inputs *in, void **all)
{
    uint32_t k = 0;
    for (const struct plan *p = head; p; p = p->next, k++)
        for (uint32_t t = 0; t < p->pr.op->ntensor; t++) {
            void **stored = all + plan_tensor(k, 0);
            stored[t] = in->stored[plan_tensor(k, t)];
            if (!problem_reads(&p->pr, t) || !p->pr.op->tensor[t].per_tile || p->from[t]) continue;
            stored[t] = arena_alloc(g->arena, problem_bytes(&p->pr, t));
            if (!stored[t]) return MXB_ENOMEM;
            problem_fill(&p->pr, t, stored, &p->scope, stored[t]);
        }
    return 0;
}

static int make_outputs(struct group *g, const struct plan *head, void **out)
{
    uint32_t k = 0;
    for (const struct plan *p = head; p; p = p->next, k++)
        for (uint32_t t = 0; t < p->pr.op->ntensor; t++)
            if (problem_writes(&p->pr, t) &&
                !(out[plan_tensor(k, t)] = arena_alloc(g->arena, problem_bytes(&p->pr, t))))
                return MXB_ENOMEM;
    return 0;
}

/* The steps of the plan that the job runs, in the arena. */
static struct plan *copy_plan(struct arena *a, const struct plan *plan, enum job_kind kind, enum mxb_fill fill)
{
    struct plan *head = NULL, *last = NULL;
    for (const struct plan *p = plan; p && (kind == JOB_CHECK || !p->aside); p = p->next) {
        struct plan *copy = arena_alloc(a, sizeof(*copy));
        if (!copy) return NULL;
        *copy = *p;
        copy->pr.fill = fill;
        copy->next = NULL;
        if (last)
            last->next = copy;
        else
            head = copy;
        last = copy;
    }
    return head;
}

/* Whole seconds that a slow device, not a stuck one, may need beside the time-out: PoCL on two processors did 6e9 operations
 * a second in causal attention over 8,333 tokens at D=512, which takes 1.1e12. */
static double patience_s(const struct group *g) { return isfinite(g->flops) ? floor(g->flops / 2e9) : 0; }

struct job *new_job(struct group *g, const struct plan *p, enum job_kind kind, enum mxb_fill fill,
                    const struct inputs *in)
{
    struct arena *a = g->arena;
    const size_t pointers = plan_length(p) * MXB_MAX_BIND * sizeof(void *);
    struct job *j = job_new(a, kind);
    struct plan *plan = copy_plan(a, p, kind, fill);
    void **stored = arena_alloc(a, pointers), **out = arena_alloc(a, pointers), **again = arena_alloc(a, pointers);
    if (!j || !plan || !stored || !out || !again) return NULL;
    j->plan = plan;
    j->stored = stored;
    j->out = out;
    j->again = again;
    j->inputs_too = true;
    j->budget_s = patience_s(g);
    if (make_case_inputs(g, plan, in, stored) || job_open_window(a, j) || make_outputs(g, plan, out)) return NULL;
    if (kind == JOB_BENCH && (make_outputs(g, plan, again) || !(j->timing = arena_alloc(a, sizeof(*j->timing)))))
        return NULL;
    job_close_window(a, j);
    return j;
}
