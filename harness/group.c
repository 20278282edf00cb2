/* All cases of one problem on all devices, and of several problems that are timed side by side (group.h). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "harness/check.h"
#include "harness/dump.h"
#include "harness/group.h"
#include "harness/group_job.h"
#include "harness/interrupt.h"

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* ---- one job ---- */

/* What one fill's oracle says and how to compare with it. */
struct judge { const struct oracle *oracle; const struct item_set *items; double tolerance; };

static const char *const fill_name[MXB_NFILL] = { "normal", "exact", "needle", "large", "probe" };

/* Runs the job on the slot's device.  False, with the slot's status, if there are no outputs to be compared. */
static bool run_job(struct group *g, struct slot *s, uint32_t round, struct job *j)
{
    char err[MXB_ERRLEN] = "";
    const enum mxb_status st = device_call(g->devices, s->dev, round, j, err, sizeof(err));
    if (st != ST_PASS) {
        s->interrupted = st == ST_ERROR && run_interrupted;
        slot_status(s, st, err);
        return false;
    }
    const struct answer *a = j->answer;
    if (a->rc == 0) return true;
    char text[MXB_ERRLEN];
    snprintf(text, sizeof(text), "%.*s", (int)sizeof(text) - 1, a->err);
    slot_status(s, a->kernel_fault ? ST_FAIL : a->rc == MXB_EUNSUP ? ST_SKIP : ST_ERROR, text);
    return false;
}

static bool judge_chain(struct group *g, struct slot *s, const struct job *j, const struct judge *ju, void *const *out)
{
    const struct chain_check_opts o = { .sampled = g->bp->block->check.sampled, .tolerance = ju->tolerance,
                                        .threads = g->threads, .claims = j->kind == JOB_CHECK };
    struct chain_judgement r;
    const double t0 = now_ns();
    chain_check(chain_of(g->pr.op), j->plan, j->stored, out, &o, &r);
    s->check_ns += now_ns() - t0;
    g->oracles += plan_length(j->plan);
    s->err_rms = fmax(s->err_rms, r.err_rms);
    s->err_max = fmax(s->err_max, r.err_max);
    s->compared += r.compared;
    char text[MXB_ERRLEN];
    if (r.status == ST_PASS) {
        if (j->kind == JOB_CHECK) slot_status(s, ST_PASS, r.text);       /* figures; a timing has no claims */
        return true;
    }
    snprintf(text, sizeof(text), "%s fill: %.480s", fill_name[j->plan->pr.fill], r.text);
    slot_status(s, r.status, text);
    s->bad_fill = (int)j->plan->pr.fill;
    return false;
}

static bool judge(struct group *g, struct slot *s, const struct job *j, const struct judge *ju, void *const *out)
{
    const struct mxb_problem *pr = &j->plan->pr;
    struct check_report r;
    if (chain_of(g->pr.op)) return judge_chain(g, s, j, ju, out);
    const double t0 = now_ns();
    check_impl(pr, ju->oracle, ju->items, out, s->plan->impl, ju->tolerance, &r);
    s->check_ns += now_ns() - t0;
    s->err_rms = fmax(s->err_rms, r.err_rms);
    s->err_max = fmax(s->err_max, r.err_max);
    s->compared += r.compared;
    if (pr->fill == MXB_FILL_NORMAL) s->nrmse = fmax(s->nrmse, r.nrmse);
    if (r.status == ST_PASS) return true;
    char text[MXB_ERRLEN];
    snprintf(text, sizeof(text), "%s fill: %.480s", fill_name[pr->fill], r.text);
    slot_status(s, r.status, text);
    s->bad_fill = (int)pr->fill;
    return false;
}

/* Two sets of outputs of the plan, of a chain those of every step. */
static void same_bits(const struct plan *head, void *const *a, void *const *b, struct check_report *r)
{
    uint32_t k = 0;
    *r = (struct check_report){ .status = ST_PASS };
    for (const struct plan *p = head; p && r->status == ST_PASS; p = p->next, k++)
        check_same_bits(&p->pr, a + plan_tensor(k, 0), b + plan_tensor(k, 0), r);
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
    if (rc == 0)
        rc = plan_make(&pr, s->dev->be->lang, &s->dev->caps, impl, g->list->tile + c->tile, c->ntile, plan, err,
                       sizeof(err));
    struct job *j = NULL;
    if (rc == 0) rc = make_inputs(g, &pr, &in);
    if (run_interrupted) {
        s->interrupted = true;
        return;
    }
    if (rc == 0 && (j = new_job(g, plan, JOB_CHECK, fill, &in)) == NULL) rc = MXB_ENOMEM;
    if (rc) {
        slot_status(s, rc == MXB_EUNSUP ? ST_SKIP : ST_ERROR, rc == MXB_ENOMEM ? "out of memory" : err);
        return;
    }
    if (!run_job(g, s, 0, j)) return;
    check_same_bits(&s->plan->pr, out, j->out, &r);
    s->compared += r.compared;
    if (r.status == ST_PASS) return;
    char text[MXB_ERRLEN];
    snprintf(text, sizeof(text), "%s fill, same_bits_as: %.470s", fill_name[fill], r.text);
    slot_status(s, r.status, text);
    s->bad_fill = (int)fill;
}

/* The same case again and again must give the same bits: differences are races. */
static void check_repeats(struct group *g, struct slot *s, enum mxb_fill fill, const struct inputs *in,
                          void *const *out)
{
    for (uint32_t i = 2; i <= g->repeat && s->status == ST_PASS; i++) {
        const uint64_t mark = arena_mark(g->arena);
        struct check_report r;
        struct job *j = new_job(g, s->plan, JOB_CHECK, fill, in);
        if (!j) slot_status(s, ST_ERROR, "out of memory for the case's tensors");
        if (j && run_job(g, s, 0, j)) {
            same_bits(j->plan, out, j->out, &r);
            char text[MXB_ERRLEN];
            snprintf(text, sizeof(text), "%s fill, repetition %u of %u: %.450s", fill_name[fill], i, g->repeat, r.text);
            if (r.status != ST_PASS) slot_status(s, r.status, text);
        }
        arena_release(g->arena, mark);
    }
}

static void check_slot(struct group *g, struct slot *s, enum mxb_fill fill, const struct inputs *in,
                       const struct judge *ju)
{
    const uint64_t mark = arena_mark(g->arena);
    const double t0 = now_ns();
    struct job *j = new_job(g, s->plan, JOB_CHECK, fill, in);
    if (!j) {
        slot_status(s, ST_ERROR, "out of memory for the case's tensors");
    } else {
        bool ok = run_job(g, s, 0, j);
        s->compile_ns += j->answer->compile_ns;
        if (s->first_ns == 0) {
            s->setup_ns = j->answer->setup_ns;
            s->first_ns = j->answer->run_ns;
        }
        if (g->dump && (ok || j->answer->kernel_fault)) dump_slot(g, s, j, ju->oracle);
        ok = ok && judge(g, s, j, ju, j->out);
        if (ok) check_repeats(g, s, fill, in, j->out);
        if (ok && s->status == ST_PASS && g->bp->block->check.same) check_twin(g, s, fill, j->out);
        if (s->status != ST_PASS && s->bad_fill < 0) s->bad_fill = (int)fill;
    }
    s->case_ns += now_ns() - t0;
    arena_release(g->arena, mark);
}

static bool alive(const struct slot *s) { return s->status == ST_PASS && s->plan && !s->interrupted; }

static bool any_alive(const struct group *g)
{
    for (uint32_t i = 0; i < g->nslot; i++)
        if (alive(&g->slot[i])) return true;
    return false;
}

static void fail_alive(struct group *g, const char *text)
{
    for (uint32_t i = 0; i < g->nslot; i++)
        if (alive(&g->slot[i])) slot_status(&g->slot[i], ST_ERROR, text);
}

/* ---- timing ---- */

/* The last timed output must still be right, and so must that of the sample on fresh buffers. */
static bool judge_timed(struct group *g, struct slot *s, const struct judge *ju, const struct job *j)
{
    struct check_report r;
    if (!judge(g, s, j, ju, j->out)) return false;
    same_bits(j->plan, j->out, j->again, &r);
    return r.status == ST_PASS || judge(g, s, j, ju, j->again);
}

enum { STREAM_ORDER = 0x6f726401 };                  /* of mxb_rand_u32 */
static const double CANARY_FROM_NS = 100e6;          /* shorter rounds have none: it would cost more than a tenth */
enum { TURNS = 20 };

/* A worker that waits for its turn must outlast one that hangs in its own. */
static void take_turns(struct measure_opts *m, double *budget_s, double timeout_s)
{
    m->turns = TURNS;
    m->warmup_cap_ns = 2 * m->warmup_min_ns;         /* what is not steady then is so for both */
    *budget_s = 2 * (*budget_s + timeout_s);
}

static struct job *new_bench_job(struct group *g, struct slot *s, const struct inputs *in)
{
    const struct bench_opts *b = &g->bp->block->bench;
    struct job *j = new_job(g, s->plan, JOB_BENCH, MXB_FILL_NORMAL, in);
    if (!j) return NULL;
    j->cache = (enum cache_mode)s->item->cache;
    measure_defaults(&j->measure);
    j->measure.min_time_ns = b->min_time_ns;
    j->measure.max_time_ns = b->max_time_ns;
    if (s->dev->caps.kind != MXB_KIND_CPU) j->measure.warmup_floor_ns = WARMUP_FLOOR_GPU_NS;
    j->budget_s = 4 * j->budget_s + (b->max_time_ns + j->measure.warmup_cap_ns) / 1e9;     /* a first run, warm-up, samples */
    if (g->turns) take_turns(&j->measure, &j->budget_s, g->devices->timeout_s);
    j->control = g->plant != NULL;
    j->plant = g->plant ? *g->plant / 100 : 0;
    if (b->max_time_ns >= CANARY_FROM_NS && !g->turns)
        canary_make(g->arena, s->dev->be->lang, &s->dev->caps, &j->canary);
    return j;
}

static void keep_round(struct slot *s, const struct measurement *timing)
{
    struct measurement *m = malloc(sizeof(*m));
    if (!m) {
        slot_status(s, ST_ERROR, "out of memory");
        return;
    }
    *m = *timing;
    canary_judge(m, &s->dev->canary_ns);
    s->round[s->nround++] = m;
}

static void bench_round(struct group *g, struct slot *s, uint32_t round, const struct inputs *in,
                        const struct judge *ju)
{
    const uint64_t mark = arena_mark(g->arena);
    const double t0 = now_ns();
    struct job *j = new_bench_job(g, s, in);
    if (!j) {
        slot_status(s, ST_ERROR, "out of memory for the case's tensors");
    } else {
        const bool ok = run_job(g, s, round, j);
        if (s->first_ns == 0) s->first_ns = j->answer->run_ns;
        if (ok && (!ju || judge_timed(g, s, ju, j))) keep_round(s, j->timing);
    }
    s->case_ns += now_ns() - t0;
    arena_release(g->arena, mark);
}

/* The slots in the order of this round. */
static void shuffle(const struct group *g, uint32_t round, uint32_t *order)
{
    const uint64_t at = (uint64_t)(g->slot[0].item->problem * MAX_ROUNDS + round) << 32;
    for (uint32_t i = 0; i < g->nslot; i++) order[i] = i;
    for (uint32_t i = g->nslot; i > 1; i--) {
        const uint32_t k = (uint32_t)((uint64_t)mxb_rand_u32(g->order_seed, STREAM_ORDER, at + i) * i >> 32);
        const uint32_t t = order[i - 1];
        order[i - 1] = order[k];
        order[k] = t;
    }
}

/* What one fill needs: inputs, and unless cases are only timed, the oracle. */
struct fill_run {
    struct mxb_problem pr;
    struct inputs in;
    bool check;
    struct oracle oracle; struct item_set items; struct judge ju;
};

static const struct judge *judge_of(const struct fill_run *f) { return f->check ? &f->ju : NULL; }

/* One round: every case of the problem once, in an order of the round's own. */
static void bench_slots(struct group *g, uint32_t round)
{
    uint32_t *order = calloc(g->nslot + 1, sizeof(*order));
    if (order) shuffle(g, round, order);
    else fail_alive(g, "out of memory");
    for (uint32_t i = 0; order && i < g->nslot; i++) {
        struct slot *s = &g->slot[order[i]];
        if (alive(s) && run_interrupted) s->interrupted = true;
        if (alive(s)) bench_round(g, s, round, &g->normal->in, judge_of(g->normal));
    }
    free(order);
}

static void combine_slots(struct group *g)
{
    for (uint32_t i = 0; i < g->nslot; i++) {
        struct slot *s = &g->slot[i];
        struct summary sum[MAX_ROUNDS];
        for (uint32_t r = 0; r < s->nround; r++) sum[r] = s->round[r]->s;
        if (alive(s) && s->nround) combine_rounds(sum, s->nround, &s->figure);
    }
}

/* ---- one fill for all cases ---- */

/* Hands over the first n slots, less those that were handed over before. */
static int finish_slots(struct group *g, uint32_t n, char *err, size_t errlen)
{
    int rc = 0;
    for (; g->nfinished < n && rc == 0; g->nfinished++) {
        struct slot *s = &g->slot[g->nfinished];
        if (s->interrupted) continue;
        if (alive(s) && !s->compared && !s->nround) slot_status(s, ST_MISTRUSTED, "nothing was compared");
        rc = g->finished(g->ctx, g, s, err, errlen);
    }
    return rc;
}

static void make_fill(struct group *g, enum mxb_fill fill, bool check, struct fill_run *f)
{
    const struct check_opts *co = &g->bp->block->check;
    char why[MXB_ERRLEN] = "out of memory for the inputs";
    *f = (struct fill_run){ .pr = g->pr, .check = check, .ju = { &f->oracle, &f->items, co->tolerance } };
    f->pr.fill = fill;
    int rc = make_inputs(g, &f->pr, &f->in);
    const double t0 = now_ns();
    const bool known = !chain_of(g->pr.op);          /* a chain's oracles depend on what each device puts out */
    if (rc == 0 && check && known && !run_interrupted) {
        rc = item_set_make(&f->pr, co->sampled, &f->items, why, sizeof(why));
        if (rc == 0) rc = oracle_run(&f->pr, f->in.stored, &f->items, g->threads, &f->oracle, why, sizeof(why));
        g->oracle_ns += now_ns() - t0;
        g->oracles++;
    }
    if (rc) fail_alive(g, why);
}

static void drop_oracle(struct fill_run *f)
{
    oracle_free(&f->oracle);
    item_set_free(&f->items);
}

/* Cases that will not be timed end with the normal fill, which comes last. */
static int check_slots(struct group *g, const struct fill_run *f, bool last, char *err, size_t errlen)
{
    int rc = 0;
    for (uint32_t i = 0; i < g->nslot && rc == 0; i++) {
        struct slot *s = &g->slot[i];
        if (alive(s) && run_interrupted) s->interrupted = true;
        if (alive(s) && f->check && !s->interrupted) check_slot(g, s, f->pr.fill, &f->in, &f->ju);
        if (last) rc = finish_slots(g, i + 1, err, errlen);
    }
    return rc;
}

static int run_fill(struct group *g, enum mxb_fill fill, char *err, size_t errlen)
{
    const uint64_t mark = arena_mark(g->arena);
    struct fill_run f;
    make_fill(g, fill, true, &f);
    const int rc = check_slots(g, &f, fill == MXB_FILL_NORMAL, err, errlen);
    drop_oracle(&f);
    arena_release(g->arena, mark);
    return rc;
}

/* The normal fill comes last: its inputs and oracle serve the timing too, and are kept for it. */
static int check_group(struct group *g, char *err, size_t errlen)
{
    const struct check_opts *c = &g->bp->block->check;
    const uint32_t fills = c->enabled ? c->fills : 0;
    int rc = 0;
    for (int f = MXB_NFILL - 1; f > MXB_FILL_NORMAL && any_alive(g) && rc == 0; f--)
        if (fills & 1u << f) rc = run_fill(g, (enum mxb_fill)f, err, errlen);
    if (rc || !any_alive(g)) return rc;
    if (!g->bp->block->bench.enabled)
        return fills & 1u << MXB_FILL_NORMAL ? run_fill(g, MXB_FILL_NORMAL, err, errlen) : 0;
    g->normal = malloc(sizeof(*g->normal));
    if (!g->normal) {
        fail_alive(g, "out of memory");
        return 0;
    }
    make_fill(g, MXB_FILL_NORMAL, c->enabled, g->normal);
    return check_slots(g, g->normal, false, err, errlen);
}

/* By combination of the pair, so that what is compared is timed in a row. */
static int compare_variant(const void *a, const void *b)
{
    const struct group *x = *(struct group *const *)a, *y = *(struct group *const *)b;
    const uint32_t v = x->slot[0].item->variant, w = y->slot[0].item->variant;
    return v != w ? (v > w) - (v < w) : (x > y) - (x < y);
}

static void time_groups(struct group *g, uint32_t n)
{
    uint32_t timed = 0, rounds = 0;
    struct group **order = malloc((n + 1) * sizeof(*order));
    for (uint32_t i = 0; i < n; i++) {
        if (!g[i].normal) continue;
        if (!order) fail_alive(&g[i], "out of memory");
        else order[timed++] = &g[i];
        if (g[i].bp->block->bench.rounds > rounds) rounds = g[i].bp->block->bench.rounds;
    }
    if (order) qsort(order, timed, sizeof(*order), compare_variant);
    for (uint32_t r = 0; r < rounds && r < MAX_ROUNDS; r++)
        for (uint32_t k = 0; k < timed; k++) {
            struct group *one = order[r % 2 ? timed - 1 - k : k];
            if (r < one->bp->block->bench.rounds) bench_slots(one, r);
        }
    free(order);
}

int groups_run(struct group *g, uint32_t n, char *err, size_t errlen)
{
    int rc = 0;
    for (uint32_t i = 0; i < n && rc == 0; i++) rc = check_group(&g[i], err, errlen);
    if (rc == 0) time_groups(g, n);
    for (uint32_t i = 0; i < n; i++) {
        combine_slots(&g[i]);
        if (g[i].normal) drop_oracle(g[i].normal);
        if (rc == 0) rc = finish_slots(&g[i], g[i].nslot, err, errlen);
    }
    return rc;
}

void *const *group_inputs(const struct group *g) { return g->normal ? g->normal->in.stored : NULL; }
