/* All cases of one problem on all devices (group.h). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "harness/check.h"
#include "harness/dump.h"
#include "harness/group.h"
#include "harness/interrupt.h"

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void set_status(struct slot *s, enum mxb_status st, const char *text)
{
    s->status = st;
    snprintf(s->reason, sizeof(s->reason), "%s", text);
}

/* ---- planning ---- */

static void plan_slot(struct group *g, struct slot *s)
{
    const struct bench_case *c = s->item;
    char why[MXB_ERRLEN];
    const uint64_t mark = arena_mark(g->arena);
    if (!s->dev) {
        set_status(s, ST_SKIP, g->devices->missing[c->backend]);
        return;
    }
    s->plan = arena_alloc(g->arena, sizeof(*s->plan));
    if (!s->plan) {
        set_status(s, ST_ERROR, "out of memory");
        return;
    }
    const int rc = plan_make(&g->pr, s->dev->be->lang, &s->dev->caps, c->impl, g->list->tile + c->tile, c->ntile, s->plan,
                             why, sizeof(why));
    if (rc == 0) return;
    set_status(s, rc == MXB_EUNSUP ? ST_SKIP : rc == MXB_ENOENT ? ST_UNIMPLEMENTED : ST_ERROR, why);
    if (rc != MXB_EUNSUP) {          /* a skipped case still shows its impl and tile */
        s->plan = NULL;
        arena_release(g->arena, mark);
    }
}

static int add_slot(struct group *g, const struct bench_case *c, struct device *d)
{
    if (g->nslot == g->cap) {
        const uint32_t cap = g->cap ? g->cap * 2 : 16;
        struct slot *p = realloc(g->slot, cap * sizeof(*p));
        if (!p) return MXB_ENOMEM;
        g->slot = p;
        g->cap = cap;
    }
    g->slot[g->nslot++] = (struct slot){ .item = c, .dev = d, .bad_fill = -1, .status = ST_PASS };
    return 0;
}

int group_begin(struct group *g, uint32_t first, uint32_t n, char *err, size_t errlen)
{
    const struct bench_problem *bp = &g->list->problem[g->list->item[first].problem];
    int rc = 0;
    g->bp = bp;
    g->nslot = 0;
    g->oracle_ns = 0;
    g->oracles = 0;
    void *params = arena_alloc(g->arena, bp->block->op->param_bytes);
    if (!params) rc = MXB_ENOMEM;
    else memcpy(params, bp->params, bp->block->op->param_bytes);
    if (rc == 0) rc = problem_init(&g->pr, bp->block->op, bp->entry, params, bp->seed, MXB_FILL_NORMAL, err, errlen);
    else snprintf(err, errlen, "out of memory");
    for (uint32_t i = first; i < first + n && rc == 0; i++) {
        const struct bench_case *c = &g->list->item[i];
        bool any = false;
        for (uint32_t d = 0; d < g->devices->n && rc == 0; d++) {
            if (g->devices->device[d].backend != c->backend) continue;
            rc = add_slot(g, c, &g->devices->device[d]);
            any = true;
        }
        /* A backend whose devices were all deselected has no row; one without any device says why. */
        if (!any && *g->devices->missing[c->backend] && rc == 0) rc = add_slot(g, c, NULL);
        if (rc) snprintf(err, errlen, "out of memory");
    }
    for (uint32_t i = 0; i < g->nslot && rc == 0; i++) plan_slot(g, &g->slot[i]);
    if (rc == 0) {
        g->flops = g->pr.op->flops ? g->pr.op->flops(&g->pr) : 0;
        g->bytes = problem_min_bytes(&g->pr);
    }
    return rc;
}

void group_end(struct group *g)
{
    free(g->slot);
    g->slot = NULL;
    g->nslot = g->cap = 0;
}

/* ---- inputs ---- */

struct inputs { void *stored[MXB_MAX_BIND]; };

static int make_inputs(struct group *g, const struct mxb_problem *pr, struct inputs *in)
{
    for (uint32_t t = 0; t < pr->op->ntensor; t++) {
        in->stored[t] = NULL;
        if (!problem_reads(pr, t) || pr->op->tensor[t].per_tile) continue;
        in->stored[t] = arena_alloc(g->arena, problem_bytes(pr, t));
        if (!in->stored[t]) return MXB_ENOMEM;
        problem_fill(pr, t, in->stored, NULL, in->stored[t]);
    }
    return 0;
}

/* Tensors that depend on the case's tiles, and room for the outputs. */
static int make_case_tensors(struct group *g, const struct plan *p, const struct inputs *in, void **stored, void **out)
{
    for (uint32_t t = 0; t < p->pr.op->ntensor; t++) {
        stored[t] = in->stored[t];
        out[t] = NULL;
        if (problem_reads(&p->pr, t) && p->pr.op->tensor[t].per_tile) {
            stored[t] = arena_alloc(g->arena, problem_bytes(&p->pr, t));
            if (!stored[t]) return MXB_ENOMEM;
            problem_fill(&p->pr, t, stored, &p->scope, stored[t]);
        }
        if (!problem_writes(&p->pr, t)) continue;
        out[t] = arena_alloc(g->arena, problem_bytes(&p->pr, t));
        if (!out[t]) return MXB_ENOMEM;
    }
    return 0;
}

/* ---- one job ---- */

/* What one fill's oracle says and how to compare with it. */
struct judge { const struct oracle *oracle; const struct item_set *items; double tolerance; };

static const char *const fill_name[MXB_NFILL] = { "normal", "exact", "needle", "large", "probe" };

/* Status of a job that did not simply succeed; true if the outputs are there to be compared. */
static bool job_ok(struct slot *s, enum mxb_status st, const struct job *j, const char *err)
{
    if (st != ST_PASS) {
        set_status(s, st, err);
        return false;
    }
    if (j->rc == 0) return true;
    char text[MXB_ERRLEN];
    snprintf(text, sizeof(text), "%.*s", (int)sizeof(text) - 1, j->err);
    set_status(s, j->kernel_fault ? ST_FAIL : j->rc == MXB_EUNSUP ? ST_SKIP : ST_ERROR, text);
    return false;
}

static bool judge(struct slot *s, const struct mxb_problem *pr, const struct judge *ju, void *const *out)
{
    struct check_report r;
    const double t0 = now_ns();
    check_impl(pr, ju->oracle, ju->items, out, s->plan->impl, ju->tolerance, &r);
    s->check_ns += now_ns() - t0;
    s->err_rms = fmax(s->err_rms, r.err_rms);
    s->err_max = fmax(s->err_max, r.err_max);
    s->compared += r.compared;
    if (r.status == ST_PASS) return true;
    char text[MXB_ERRLEN];
    snprintf(text, sizeof(text), "%s fill: %.480s", fill_name[pr->fill], r.text);
    set_status(s, r.status, text);
    s->bad_fill = (int)pr->fill;
    return false;
}

static struct job *new_job(struct group *g, const struct plan *p, enum mxb_fill fill, const struct inputs *in)
{
    struct job *j = arena_alloc(g->arena, sizeof(*j));
    struct plan *plan = arena_alloc(g->arena, sizeof(*plan));
    void **stored = arena_alloc(g->arena, MXB_MAX_BIND * sizeof(*stored)), **out = arena_alloc(g->arena, MXB_MAX_BIND * sizeof(*out));
    if (!j || !plan || !stored || !out) return NULL;
    *plan = *p;
    plan->pr.fill = fill;
    *j = (struct job){ .kind = JOB_CHECK, .plan = plan, .stored = stored, .out = out, .inputs_too = true };
    return make_case_tensors(g, plan, in, stored, out) == 0 ? j : NULL;
}

/* The twin of same_bits_as: the same case with other parameters must give the same bits. */
static void check_twin(struct group *g, struct slot *s, enum mxb_fill fill, void *const *out)
{
    const struct suite_same *same = g->bp->block->check.same;
    struct mxb_problem pr;
    struct inputs in;
    struct check_report r;
    char err[MXB_ERRLEN];
    const struct bench_case *c = s->item;
    const int impl = (int)(s->plan->impl - g->pr.op->impl);
    void *params = arena_alloc(g->arena, MXB_MAX_PUSH);
    struct plan *plan = arena_alloc(g->arena, sizeof(*plan));
    int rc = params && plan ? suite_same_bits(same, g->bp, params, err, sizeof(err)) : MXB_ENOMEM;
    if (rc == 0) rc = problem_init(&pr, g->pr.op, g->bp->entry, params, g->bp->seed, fill, err, sizeof(err));
    if (rc == 0) rc = plan_make(&pr, s->dev->be->lang, &s->dev->caps, impl, g->list->tile + c->tile, c->ntile, plan, err, sizeof(err));
    struct job *j = NULL;
    if (rc == 0 && (rc = make_inputs(g, &pr, &in)) == 0 && (j = new_job(g, plan, fill, &in)) == NULL) rc = MXB_ENOMEM;
    if (rc) {
        set_status(s, rc == MXB_EUNSUP ? ST_SKIP : ST_ERROR, rc == MXB_ENOMEM ? "out of memory" : err);
        return;
    }
    const enum mxb_status st = device_call(g->devices, s->dev, 0, j, err, sizeof(err));
    if (!job_ok(s, st, j, err)) return;
    check_same_bits(&s->plan->pr, out, j->out, &r);
    s->compared += r.compared;
    if (r.status == ST_PASS) return;
    char text[MXB_ERRLEN];
    snprintf(text, sizeof(text), "%s fill, same_bits_as: %.470s", fill_name[fill], r.text);
    set_status(s, r.status, text);
    s->bad_fill = (int)fill;
}

static void check_slot(struct group *g, struct slot *s, enum mxb_fill fill, const struct inputs *in, const struct judge *ju)
{
    const uint64_t mark = arena_mark(g->arena);
    const double t0 = now_ns();
    char err[MXB_ERRLEN] = "";
    struct job *j = new_job(g, s->plan, fill, in);
    if (!j) {
        set_status(s, ST_ERROR, "out of memory for the case's tensors");
    } else {
        const enum mxb_status st = device_call(g->devices, s->dev, 0, j, err, sizeof(err));
        s->compile_ns += j->compile_ns;
        if (s->first_ns == 0) {
            s->setup_ns = j->setup_ns;
            s->first_ns = j->run_ns;
        }
        const bool ok = job_ok(s, st, j, err);
        if (g->dump && (ok || j->kernel_fault)) dump_slot(g, s, &j->plan->pr, j->stored, ju->oracle, j->out);
        if (ok && judge(s, &j->plan->pr, ju, j->out) && g->bp->block->check.same)
            check_twin(g, s, fill, j->out);
        else if (s->status != ST_PASS && s->bad_fill < 0)
            s->bad_fill = (int)fill;
    }
    s->case_ns += now_ns() - t0;
    arena_release(g->arena, mark);
}

static bool alive(const struct slot *s) { return s->status == ST_PASS && s->plan; }

static bool any_alive(const struct group *g)
{
    for (uint32_t i = 0; i < g->nslot; i++)
        if (alive(&g->slot[i])) return true;
    return false;
}

static void fail_alive(struct group *g, const char *text)
{
    for (uint32_t i = 0; i < g->nslot; i++)
        if (alive(&g->slot[i])) set_status(&g->slot[i], ST_ERROR, text);
}

/* ---- timing ---- */

static void bench_slot(struct group *g, struct slot *s, const struct inputs *in, const struct judge *ju)
{
    const struct bench_opts *b = &g->bp->block->bench;
    const uint64_t mark = arena_mark(g->arena);
    struct summary sum[MAX_ROUNDS];
    const double t0 = now_ns();
    for (uint32_t r = 0; r < b->rounds && r < MAX_ROUNDS && alive(s) && !run_interrupted; r++) {
        const uint64_t inner = arena_mark(g->arena);
        char err[MXB_ERRLEN] = "";
        struct job *j = new_job(g, s->plan, MXB_FILL_NORMAL, in);
        struct measurement *m = j ? arena_alloc(g->arena, sizeof(*m)) : NULL;
        if (!m) {
            set_status(s, ST_ERROR, "out of memory for the case's tensors");
            break;
        }
        j->kind = JOB_BENCH;
        j->cache = (enum cache_mode)s->item->cache;
        j->timing = m;
        measure_defaults(&j->measure);
        j->measure.min_time_ns = b->min_time_ns;
        j->measure.max_time_ns = b->max_time_ns;
        const enum mxb_status st = device_call(g->devices, s->dev, r, j, err, sizeof(err));
        if (s->first_ns == 0) s->first_ns = j->run_ns;
        bool ok = job_ok(s, st, j, err);
        if (ok && ju) ok = judge(s, &j->plan->pr, ju, j->out);      /* the last timed output must still be right */
        if (ok && (s->round[s->nround] = malloc(sizeof(*m))) != NULL) {
            *s->round[s->nround] = *m;
            sum[s->nround++] = m->s;
        }
        arena_release(g->arena, inner);
    }
    if (alive(s) && s->nround) combine_rounds(sum, s->nround, &s->figure);
    s->case_ns += now_ns() - t0;
    arena_release(g->arena, mark);
}

/* ---- one fill for all cases ---- */

static void run_fill(struct group *g, enum mxb_fill fill, bool check, bool bench)
{
    const struct check_opts *co = &g->bp->block->check;
    const uint64_t mark = arena_mark(g->arena);
    struct mxb_problem pr = g->pr;
    struct inputs in;
    struct oracle oracle = { 0 };
    struct item_set items = { 0 };
    struct judge ju = { &oracle, &items, co->tolerance };
    char err[MXB_ERRLEN] = "out of memory for the inputs";
    pr.fill = fill;
    int rc = make_inputs(g, &pr, &in);
    const double t0 = now_ns();
    if (rc == 0 && check) {
        rc = item_set_make(&pr, co->sampled, &items, err, sizeof(err));
        if (rc == 0) rc = oracle_run(&pr, in.stored, &items, g->threads, &oracle, err, sizeof(err));
        g->oracle_ns += now_ns() - t0;
        g->oracles++;
    }
    if (rc) fail_alive(g, err);
    for (uint32_t i = 0; check && i < g->nslot && !run_interrupted; i++)
        if (alive(&g->slot[i])) check_slot(g, &g->slot[i], fill, &in, &ju);
    for (uint32_t i = 0; bench && i < g->nslot && !run_interrupted; i++)
        if (alive(&g->slot[i])) bench_slot(g, &g->slot[i], &in, check ? &ju : NULL);
    oracle_free(&oracle);
    item_set_free(&items);
    arena_release(g->arena, mark);
}

/* The normal fill comes last: its inputs and oracle serve the timing too. */
void group_run(struct group *g)
{
    const struct check_opts *c = &g->bp->block->check;
    const bool bench = g->bp->block->bench.enabled;
    const uint32_t fills = c->enabled ? c->fills : 0;
    for (int f = MXB_NFILL - 1; f > MXB_FILL_NORMAL && any_alive(g) && !run_interrupted; f--)
        if (fills & 1u << f) run_fill(g, (enum mxb_fill)f, true, false);
    const bool normal = (fills & 1u << MXB_FILL_NORMAL) != 0;
    if ((normal || bench) && any_alive(g) && !run_interrupted)
        run_fill(g, MXB_FILL_NORMAL, normal || (bench && c->enabled), bench);
    for (uint32_t i = 0; i < g->nslot; i++) {
        struct slot *s = &g->slot[i];
        if (!alive(s) || s->compared || s->nround) continue;
        set_status(s, ST_MISTRUSTED, "nothing was compared");
    }
}
