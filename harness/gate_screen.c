/* The nightly form: runs the suites once, stores the results, and compares each with the history of the same machine,
 * device, environment, branch and case.  What looks slower is a suspect; only an A/B against a base program can convict
 * it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/gate.h"

/* `candidate run SUITE...` as a user would call it, stored. */
static int run_candidate(struct gate *g, char uuid[37], char *err, size_t errlen)
{
    const struct run_opts *o = g->o->run;
    const struct arm cand = { g->o->candidate, o->kernel_dir, -1 };
    const char *option[128];
    struct arm_job job = { .word = o->path, .nword = o->npath, .option = option, .timeout_s = 1e6 };
    struct arm_answer a;
    job.noption = gate_options(g, option, MXB_COUNT(option) - 4, true);
    option[job.noption++] = "--shuffle";
    option[job.noption++] = "--db";
    option[job.noption++] = o->db;
    int rc = arm_run(&cand, &job, &a, err, errlen);
    if (rc) return rc;
    if (a.exit_code != EXIT_FINE && a.exit_code != EXIT_WRONG) {
        snprintf(err, errlen, "%s run ended with exit code %d: %.300s", g->o->candidate, a.exit_code, a.complaint);
        rc = a.exit_code == EXIT_DB ? MXB_EDB : MXB_EINVAL;
    } else if (!*a.run_uuid) {
        snprintf(err, errlen, "%s run stored nothing", g->o->candidate);
        rc = MXB_EINVAL;
    }
    memcpy(uuid, a.run_uuid, sizeof a.run_uuid);
    arm_free(&a);
    return rc;
}

static void set(struct gate_row *r, enum verdict v, const char *cause)
{
    r->verdict = v;
    snprintf(r->cause, sizeof r->cause, "%s", cause);
}

static bool failed(const char *status)
{
    return *status && strcmp(status, "PASS") != 0 && strcmp(status, "SKIP") != 0;
}

/* The verdicts that need no clock; the rest is left VERDICT_UNCHANGED without a cause. */
static void classify(struct gate_row *r, const struct history *h)
{
    const bool before = *h->last_status != 0, was_right = strcmp(h->last_status, "PASS") == 0;
    char cause[512];
    snprintf(cause, sizeof cause, "%s %.300s", h->status, h->reason);
    if (!*h->status) set(r, before ? VERDICT_MISSING : VERDICT_NOT_COMPARABLE, "the run has no result of it");
    else if (failed(h->status)) set(r, failed(h->last_status) ? VERDICT_STILL_FAILING : VERDICT_NEWLY_FAILING, cause);
    else if (strcmp(h->status, "SKIP") == 0) set(r, was_right ? VERDICT_MISSING : VERDICT_SKIPPED, h->reason);
    else if (failed(h->last_status)) set(r, VERDICT_FIXED, "");
    else set(r, VERDICT_UNCHANGED, "");
}

/* A screened case that is no suspect is unchanged as far as its history can tell: if that is not far, it is noisy. */
static void judge_time(struct gate_row *r, const struct screened *s, double now_ns)
{
    char cause[256];
    r->method = "screen";
    r->cand_ns = now_ns;
    r->n = s->n;
    if (!s->judged) {
        snprintf(cause, sizeof cause, "%u earlier runs count, %d are needed", s->n, SCREEN_MIN_RUNS);
        set(r, VERDICT_NEW, cause);
        return;
    }
    r->q = s->q;
    r->base_ns = now_ns / s->ratio;
    /* An unchanged kernel shows ratios between s->lo and s->hi, so the true ratio is this far around the seen one. */
    r->effect = (struct effect){ .ratio = s->ratio, .lo = s->ratio / s->hi, .hi = s->ratio / s->lo, .p_slower = s->p,
                                 .p_faster = 1 - s->p, .mde = s->hi - 1 };
    const double margin = 1 + r->min_effect;
    if (s->suspect) {
        snprintf(cause, sizeof cause, "suspect, q = %.2g: confirm with --base", s->q);
        set(r, VERDICT_INCONCLUSIVE, cause);
    } else if (r->effect.lo > 1 / margin && r->effect.hi < margin) set(r, VERDICT_UNCHANGED, "");
    else if (r->effect.hi < 1) set(r, VERDICT_IMPROVED, "by the history alone");
    else set(r, r->effect.mde > r->min_effect ? VERDICT_NOISY : VERDICT_INCONCLUSIVE, "");
}

static bool suspected(const struct gate_row *r)
{
    return strncmp(r->cause, "suspect", 7) == 0;
}

static int screen_rows(struct gate *g, const char *uuid, uint32_t *judged, char *err, size_t errlen)
{
    struct screened *s = calloc((size_t)g->nrow + 1, sizeof *s);
    struct history h;
    int rc = s ? 0 : MXB_ENOMEM;
    if (rc) snprintf(err, errlen, "out of memory");
    for (uint32_t i = 0; i < g->nrow && rc == 0; i++) {
        struct gate_row *r = &g->row[i];
        char params[4096], text[4096];
        struct result_row id;
        gate_identity(g, r, params, sizeof params, text, sizeof text, &id);
        rc = store_history(g->store, uuid, &id, &h, err, errlen);
        if (rc) break;
        classify(r, &h);
        if (!r->timed || r->verdict != VERDICT_UNCHANGED || !(h.median_ns > 0)) continue;
        s[i].now = log(h.median_ns);
        s[i].n = h.n;
        memcpy(s[i].before, h.before, sizeof h.before);
        r->cand_ns = h.median_ns;
    }
    if (rc == 0 && (rc = screen(s, g->nrow)) != 0) snprintf(err, errlen, "out of memory");
    *judged = 0;
    for (uint32_t i = 0; i < g->nrow && rc == 0; i++) {
        if (!(g->row[i].cand_ns > 0)) continue;
        judge_time(&g->row[i], &s[i], g->row[i].cand_ns);
        *judged += s[i].judged;
    }
    free(s);
    return rc;
}

int gate_screen(struct gate *g, char *err, size_t errlen)
{
    char uuid[37];
    uint32_t judged, timed = 0;
    if (!g->store) {
        snprintf(err, errlen, "gate: without --base the history is the baseline, and --no-db leaves none");
        return MXB_EINVAL;
    }
    int rc = run_candidate(g, uuid, err, errlen);
    if (rc == 0) rc = screen_rows(g, uuid, &judged, err, errlen);
    if (rc) return rc;
    for (uint32_t i = 0; i < g->nrow; i++) timed += g->row[i].cand_ns > 0;
    if (timed && !judged)
        snprintf(g->distrust, sizeof g->distrust, "no baseline: no case has %d earlier runs here that count",
                 SCREEN_MIN_RUNS);
    if (!g->o->base) return 0;
    rc = gate_pairs(g, suspected, err, errlen);
    return rc || g->o->no_control ? rc : gate_control(g, err, errlen);
}
