/* Right or wrong: every case is checked by both programs, and their answers make the verdicts that need no clock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/gate.h"

enum { CHUNK = 16 };                 /* cases in one process */

static bool right(const char *status) { return strcmp(status, "PASS") == 0; }
static bool skipped(const char *status) { return strcmp(status, "SKIP") == 0; }

/* What the row says of the case: PASS with the implementation, else the status with its reason. */
static void take_status(struct gate_row *r, enum arm_name arm, const struct arm_row *a)
{
    snprintf(r->status[arm], sizeof r->status[arm], "%s", a->status);
    if (right(a->status))
        snprintf(r->reason[arm], sizeof r->reason[arm], "%s%s%s", a->impl, *a->tile ? " " : "", a->tile);
    else snprintf(r->reason[arm], sizeof r->reason[arm], "%s", a->reason);
}

/* Rows of the same case are adjacent. */
static uint32_t rows_of_case(const struct gate *g, uint32_t i)
{
    uint32_t n = 1;
    while (i + n < g->nrow && g->row[i + n].item == g->row[i].item) n++;
    return n;
}

static int run_check(struct gate *g, enum arm_name arm, const char *const *word, uint32_t n, struct arm_answer *a,
                     char *err, size_t errlen)
{
    const struct arm base = { g->o->base, NULL, -1 }, cand = { g->o->candidate, g->o->run->kernel_dir, -1 };
    const char *option[64];
    struct arm_job job = {
        .word = word, .nword = n, .option = option, .timeout_s = (1 + 4.0 * n) * g->o->run->timeout_s
    };
    for (uint32_t i = 0; i < g->o->run->ndevice && job.noption + 2 < 32; i++) {
        option[job.noption++] = "--device";
        option[job.noption++] = g->o->run->device[i];
    }
    job.noption += gate_options(g, option + job.noption, 24, false);
    option[job.noption++] = "--check-only";
    option[job.noption++] = "--no-db";
    return arm_run(arm == BASE ? &base : &cand, &job, a, err, errlen);
}

/* One case by itself; a program that does not know it leaves the status empty. */
static int check_alone(struct gate *g, enum arm_name arm, uint32_t first, char *err, size_t errlen)
{
    const uint32_t n = rows_of_case(g, first);
    const char *word[1] = { g->row[first].text };
    struct arm_answer a;
    const int rc = run_check(g, arm, word, 1, &a, err, errlen);
    if (rc) return rc;
    for (uint32_t i = first; i < first + n; i++) {
        struct gate_row *r = &g->row[i];
        snprintf(r->reason[arm], sizeof r->reason[arm], "%.380s", a.complaint);
        for (uint32_t k = 0; k < a.nrow; k++)
            if (strcmp(a.row[k].label, r->dev ? r->label : "") == 0) take_status(r, arm, &a.row[k]);
    }
    arm_free(&a);
    return 0;
}

/* The rows [first, end), all of one backend, in one process; one by one if it does not answer row by row. */
static int check_chunk(struct gate *g, enum arm_name arm, uint32_t first, uint32_t end, char *err, size_t errlen)
{
    const char *word[CHUNK] = { NULL };
    struct arm_answer a;
    uint32_t n = 0;
    for (uint32_t i = first; i < end; i += rows_of_case(g, i)) word[n++] = g->row[i].text;
    int rc = run_check(g, arm, word, n, &a, err, errlen);
    if (rc) return rc;
    bool fits = a.nrow == end - first;
    for (uint32_t i = first; i < end && fits; i++)
        fits = strcmp(a.row[i - first].label, g->row[i].dev ? g->row[i].label : "") == 0;
    for (uint32_t i = first; i < end && fits; i++) take_status(&g->row[i], arm, &a.row[i - first]);
    arm_free(&a);
    for (uint32_t i = first; i < end && !fits && rc == 0; i += rows_of_case(g, i))
        rc = check_alone(g, arm, i, err, errlen);
    return rc;
}

static int check_arm(struct gate *g, enum arm_name arm, char *err, size_t errlen)
{
    int rc = 0;
    for (uint32_t first = 0, end; first < g->nrow && rc == 0; first = end) {
        uint32_t cases = 0;
        for (end = first; end < g->nrow && cases < CHUNK && g->row[end].item->backend == g->row[first].item->backend;
             cases++)
            end += rows_of_case(g, end);
        rc = check_chunk(g, arm, first, end, err, errlen);
        if (rc == 0 && run_interrupted) {
            snprintf(err, errlen, "interrupted");
            rc = MXB_EDEVICE;
        }
    }
    return rc;
}

static void set(struct gate_row *r, enum verdict v, const char *cause)
{
    r->verdict = v;
    snprintf(r->cause, sizeof r->cause, "%s", cause);
}

/* VERDICT_UNCHANGED without a cause: right in both, so the clock decides. */
static void classify(struct gate_row *r)
{
    const char *base = r->status[BASE], *cand = r->status[CANDIDATE];
    char cause[512];
    snprintf(cause, sizeof cause, "%s %.480s", cand, r->reason[CANDIDATE]);
    if (right(cand)) {
        if (right(base)) set(r, VERDICT_UNCHANGED, "");
        else if (!*base || skipped(base))
            set(r, VERDICT_NEW, *base ? "the base skips it" : "the base does not know it");
        else set(r, VERDICT_FIXED, r->reason[BASE]);
    } else if (!*cand) {
        if (*base) set(r, VERDICT_MISSING, "the candidate does not know it");
        else set(r, VERDICT_NOT_COMPARABLE, "neither program knows it");
    } else if (skipped(cand)) {
        set(r, right(base) ? VERDICT_MISSING : VERDICT_SKIPPED, r->reason[CANDIDATE]);
    } else {
        set(r, !*base || right(base) || skipped(base) ? VERDICT_NEWLY_FAILING : VERDICT_STILL_FAILING, cause);
    }
}

/* A second try of a case with new failures in a fresh process tells the flaky from the broken; it excuses neither. */
static int retry(struct gate *g, uint32_t first, uint32_t n, char *err, size_t errlen)
{
    char status[MAX_DEVICES][sizeof g->row->status[0]];
    bool failing = false;
    for (uint32_t i = 0; i < n; i++) {
        failing |= g->row[first + i].verdict == VERDICT_NEWLY_FAILING;
        memcpy(status[i], g->row[first + i].status[CANDIDATE], sizeof status[i]);
    }
    const int rc = failing ? check_alone(g, CANDIDATE, first, err, errlen) : 0;
    for (uint32_t i = 0; failing && i < n; i++) {
        struct gate_row *r = &g->row[first + i];
        char cause[sizeof r->cause];
        memcpy(cause, r->cause, sizeof cause);
        if (r->verdict == VERDICT_NEWLY_FAILING && right(r->status[CANDIDATE]))
            snprintf(r->cause, sizeof r->cause, "flaky, passed when tried again: %.460s", cause);
        memcpy(r->status[CANDIDATE], status[i], sizeof status[i]);
    }
    return rc;
}

int gate_check(struct gate *g, char *err, size_t errlen)
{
    int rc = check_arm(g, CANDIDATE, err, errlen);
    if (rc == 0) rc = check_arm(g, BASE, err, errlen);
    for (uint32_t i = 0; i < g->nrow && rc == 0; i++) classify(&g->row[i]);
    for (uint32_t i = 0, n; i < g->nrow && rc == 0; i += n) rc = retry(g, i, n = rows_of_case(g, i), err, errlen);
    return rc;
}
