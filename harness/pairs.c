/* Interleaved A/B (pairs.h).  A pass takes every undecided case once more.  In it the cases are shuffled and dealt into
 * processes of up to CHUNK cases of one device, which share the cost of starting; the two processes of a pair work in
 * turns (turn.h), so that the machine does the same to both, and a coin decides which goes first. */
#include "harness/pairs.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/interrupt.h"
#include "harness/mxb_types.h"

enum { CHUNK = 8, MAX_LOST = 2 };
enum { STREAM_ORDER = 0x67a70001, STREAM_COIN };     /* of mxb_rand_u32() */

struct dealer { const struct pairs *p; uint64_t drawn; };

static uint32_t draw(struct dealer *d, uint32_t stream)
{
    return mxb_rand_u32(d->p->seed, stream, d->drawn++);
}

static void shuffle(struct dealer *d, uint32_t *x, uint32_t n)
{
    for (uint32_t i = n; i > 1; i--) {
        const uint32_t k = (uint32_t)((uint64_t)draw(d, STREAM_ORDER) * i >> 32), t = x[i - 1];
        x[i - 1] = x[k];
        x[k] = t;
    }
}

/* ---- two processes ---- */

enum { MAX_OPTIONS = 32 };

static struct arm_job make_job(const struct pairs *p, enum arm_name arm, struct trial *const *t, uint32_t n,
                               const char **word, const char **option)
{
    struct arm_job job = { .word = word, .nword = n, .option = option, .timeout_s = (1 + 2 * n) * p->timeout_s };
    for (uint32_t i = 0; i < n; i++) word[i] = t[i]->text[arm];
    for (uint32_t i = 0; i < p->noption && i < MAX_OPTIONS - 4; i++) option[job.noption++] = p->option[i];
    option[job.noption++] = "--bench-only";
    option[job.noption++] = "--no-db";
    option[job.noption++] = "--device";
    option[job.noption++] = t[0]->label;
    return job;
}

/* The number + 1 of the k-th processor that we may use, counted round. */
static int processor(uint32_t k)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set)) return 0;
    for (uint32_t at = k % (uint32_t)CPU_COUNT(&set), c = 0; c < CPU_SETSIZE; c++)
        if (CPU_ISSET(c, &set) && at-- == 0) return (int)c + 1;
    return 0;
}

static int run_arms(struct pairs *p, struct trial *const *t, uint32_t n, enum arm_name first, struct arm_answer a[2],
                    char *err, size_t errlen)
{
    const char *word[2][CHUNK], *option[2][MAX_OPTIONS];
    struct arm_job job[2];
    int rc = 0;
    for (int i = 0; i < 2; i++) {
        job[i] = make_job(p, (enum arm_name)i, t, n, word[i], option[i]);
        if (p->bind) job[i].processor = processor(p->processes / 2);
    }
    if (!t[0]->alone) {
        rc = arm_run_both(p->arm, job, (int)first, a, err, errlen);
        p->wall_ns += a[BASE].wall_ns;
        return rc;
    }
    rc = arm_run(p->arm[first], &job[first], &a[first], err, errlen);
    if (rc == 0) rc = arm_run(p->arm[!first], &job[!first], &a[!first], err, errlen);
    p->wall_ns += a[BASE].wall_ns + a[CANDIDATE].wall_ns;
    return rc;
}

/* The row of the i-th of n cases; NULL with the reason if there is none with a time. */
static const struct arm_row *timed_row(const struct arm_answer *a, uint32_t i, uint32_t n, char *why, size_t whylen)
{
    if (a->nrow != n) {
        snprintf(why, whylen, "%u rows for %u cases (exit code %d) %.120s", a->nrow, n, a->exit_code, a->complaint);
        return NULL;
    }
    if (strcmp(a->row[i].status, "PASS") == 0 && a->row[i].median_ns > 0) return &a->row[i];
    snprintf(why, whylen, "%s %.160s", a->row[i].status, a->row[i].reason);
    return NULL;
}

/* ---- one pair ---- */

/* log(candidate / base): turn by turn where both took turns. */
static double log_ratio(const struct arm_row *base, const struct arm_row *cand, bool candidate_first)
{
    const uint32_t n = base->nturn < cand->nturn ? base->nturn : cand->nturn;
    if (n == 0) return log(cand->median_ns / base->median_ns);
    return candidate_first ? -ab_turns(cand->turn_ns, base->turn_ns, n) : ab_turns(base->turn_ns, cand->turn_ns, n);
}

static void add_pair(struct trial *t, const struct arm_row *base, const struct arm_row *cand, bool candidate_first)
{
    const double z = log_ratio(base, cand, candidate_first), level = sqrt(base->median_ns * cand->median_ns);
    t->ns[BASE][t->n] = level * exp(-z / 2);
    t->ns[CANDIDATE][t->n] = level * exp(z / 2);
    t->z[t->n] = z;
    t->candidate_first[t->n] = candidate_first;
    t->n++;
    t->decided = ab_decide(t->z, t->n, t->min_effect, &t->effect, &t->verdict);
}

static void give_up(struct trial *t, enum verdict v)
{
    t->verdict = v;
    t->decided = true;
    if (t->n) ab_effect(t->z, t->n, &t->effect);
}

static void settle(struct trial *t, const struct arm_answer a[2], uint32_t i, uint32_t n, bool candidate_first)
{
    char why[2][200] = { "", "" };
    const struct arm_row *base = timed_row(&a[BASE], i, n, why[BASE], sizeof why[BASE]);
    const struct arm_row *cand = timed_row(&a[CANDIDATE], i, n, why[CANDIDATE], sizeof why[CANDIDATE]);
    if (base && cand && strcmp(base->clock, cand->clock) != 0) {
        snprintf(t->cause, sizeof t->cause, "%s clock against %s clock", base->clock, cand->clock);
        give_up(t, VERDICT_NOT_COMPARABLE);
    } else if (base && cand) {
        add_pair(t, base, cand, candidate_first);
    } else {
        t->alone = true;
        if (++t->lost <= MAX_LOST) return;
        snprintf(t->cause, sizeof t->cause, "%s: %s", cand ? "base" : "candidate", cand ? why[BASE] : why[CANDIDATE]);
        give_up(t, cand ? VERDICT_NOT_COMPARABLE : VERDICT_NEWLY_FAILING);
    }
}

static int run_pair(struct pairs *p, struct trial *const *t, uint32_t n, bool candidate_first, char *err, size_t errlen)
{
    struct arm_answer a[2];
    memset(a, 0, sizeof a);
    const int rc = run_arms(p, t, n, candidate_first ? CANDIDATE : BASE, a, err, errlen);
    p->processes += 2;
    for (int k = 0; k < 2; k++)
        for (uint32_t i = 0; i < a[k].nrow; i++) p->kernel_ns += a[k].row[i].kernel_ns;
    for (uint32_t i = 0; i < n && rc == 0; i++) settle(t[i], a, i, n, candidate_first);
    arm_free(&a[BASE]);
    arm_free(&a[CANDIDATE]);
    return rc;
}

/* ---- all ---- */

static uint32_t count_open(const struct pairs *p)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < p->n; i++) open += !p->trial[i].decided;
    return open;
}

/* Takes up to CHUNK open cases of one device, in turns or not, from the order, beginning with the first that is left. */
static uint32_t deal(struct pairs *p, uint32_t *order, uint32_t norder, struct trial **hand)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < norder && n < CHUNK; i++) {
        if (order[i] == UINT32_MAX) continue;
        struct trial *t = &p->trial[order[i]];
        if (n && (strcmp(t->label, hand[0]->label) != 0 || t->alone != hand[0]->alone)) continue;
        hand[n++] = t;
        order[i] = UINT32_MAX;
    }
    return n;
}

static int one_pass(struct pairs *p, struct dealer *d, uint32_t *order, char *err, size_t errlen)
{
    struct trial *hand[CHUNK];
    uint32_t norder = 0, n;
    int rc = 0;
    for (uint32_t i = 0; i < p->n; i++)
        if (!p->trial[i].decided) order[norder++] = i;
    shuffle(d, order, norder);
    while (rc == 0 && !run_interrupted && (n = deal(p, order, norder, hand)) > 0) {
        rc = run_pair(p, hand, n, draw(d, STREAM_COIN) & 1, err, errlen);
        if (p->progress) p->progress(p->ctx, count_open(p), n);
    }
    return rc;
}

int pairs_run(struct pairs *p, char *err, size_t errlen)
{
    uint32_t *order = malloc((p->n + 1) * sizeof *order);
    struct dealer d = { p, 0 };
    int rc = 0;
    if (!order) {
        snprintf(err, errlen, "out of memory");
        return MXB_ENOMEM;
    }
    while (rc == 0 && !run_interrupted && count_open(p) > 0) rc = one_pass(p, &d, order, err, errlen);
    free(order);
    if (rc == 0 && run_interrupted) {
        snprintf(err, errlen, "interrupted");
        rc = MXB_EDEVICE;
    }
    return rc;
}
