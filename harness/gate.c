/* `mlxbench gate` (gate.h): the phases in order, and what they share. */
#include "harness/gate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/provenance.h"
#include "harness/stats_tail.h"

static const double PLANT = 0.05;                              /* the slowdown that must be found */
static const double UNDECIDED_LIMIT = 0.5; /* more of the cases undecided: the machine cannot tell */

/* ---- pairs ---- */

static void show_progress(void *ctx, uint32_t open, uint32_t pairs)
{
    const struct gate *g = ctx;
    (void)pairs;
    if (!isatty(STDERR_FILENO)) return;
    fprintf(stderr, "\r\033[K%u of %u cases to be decided, %.0f s", open, g->ntrial, g->seconds + wall_seconds());
    fflush(stderr);
}

static double median_of(const double *x, uint32_t n)
{
    return n ? stats_median(x, n) : 0;
}

static void take_over(struct gate_row *r)
{
    const struct trial *t = r->trial;
    r->verdict = t->verdict;
    r->effect = t->effect;
    r->n = t->n;
    r->base_ns = median_of(t->ns[BASE], t->n);
    r->cand_ns = median_of(t->ns[CANDIDATE], t->n);
    if (*t->cause) snprintf(r->cause, sizeof r->cause, "%s", t->cause);
    else if (strcmp(r->reason[BASE], r->reason[CANDIDATE]) != 0)     /* which implementation, if it changed */
        snprintf(r->cause, sizeof r->cause, "%.200s -> %.200s", r->reason[BASE], r->reason[CANDIDATE]);
}

int gate_trials(struct gate *g, const struct arm *base, const struct arm *cand, struct trial *t, uint32_t n,
                uint64_t salt, char *err, size_t errlen)
{
    const char *option[64];
    struct pairs p = { .arm = { base, cand },
                       .trial = t,
                       .n = n,
                       .option = option,
                       .timeout_s = 2 * g->o->run->timeout_s,
                       .seed = g->seed ^ salt,
                       .bind = g->o->run->threads == 1,
                       .progress = show_progress,
                       .ctx = g };
    p.noption = gate_options(g, option, MXB_COUNT(option), false);
    const int rc = pairs_run(&p, err, errlen);
    if (isatty(STDERR_FILENO)) fputs("\r\033[K", stderr);
    g->processes += p.processes;
    g->wall_ns += p.wall_ns;
    g->kernel_ns += p.kernel_ns;
    return rc;
}

int gate_pairs(struct gate *g, bool (*wanted)(const struct gate_row *), char *err, size_t errlen)
{
    const struct arm base = { g->o->base, NULL, -1 }, cand = { g->o->candidate, g->o->run->kernel_dir, -1 };
    g->trial = calloc((size_t)g->nrow + 1, sizeof *g->trial);
    if (!g->trial) {
        snprintf(err, errlen, "out of memory");
        return MXB_ENOMEM;
    }
    for (uint32_t i = 0; i < g->nrow; i++) {
        struct gate_row *r = &g->row[i];
        if (!wanted(r)) continue;
        r->trial = &g->trial[g->ntrial++];
        *r->trial = (struct trial){ .text = { r->text, r->text }, .label = r->label, .min_effect = r->min_effect };
        r->method = "ab";
    }
    const int rc = gate_trials(g, &base, &cand, g->trial, g->ntrial, 0, err, errlen);
    for (uint32_t i = 0; i < g->nrow && rc == 0; i++)
        if (g->row[i].trial) take_over(&g->row[i]);
    return rc;
}

/* ---- the control ---- */

static bool has_trials(const struct gate *g, const char *label)
{
    for (uint32_t i = 0; i < g->ntrial; i++)
        if (strcmp(g->trial[i].label, label) == 0) return true;
    return false;
}

/* A chain of integer arithmetic on one workgroup: some hundred microseconds, of which a launch is a small part.  The
 * candidate runs both arms; in its own it does 5 % more steps. */
static int plant(struct gate *g, const struct device *d, struct control *c, char *err, size_t errlen)
{
    const struct arm arm = { g->o->candidate, g->o->run->kernel_dir, -1 };
    enum { STEPS = 16000 };
    char text[2][256];
    for (int i = 0; i < 2; i++)
        snprintf(text[i], sizeof text[i],
                 "{op: bench_spin, entries: [bench_spin_u32], params: {items: 64, steps: %d}, backends: [%s],"
                 " check: false, bench: {rounds: 1, min_time: 20ms, max_time: 80ms}}",
                 i == BASE ? STEPS : (int)(STEPS * (1 + PLANT)), d->be->name);
    snprintf(c->label, sizeof c->label, "%s", d->label);
    c->trial =
        (struct trial){ .text = { text[BASE], text[CANDIDATE] }, .label = c->label, .min_effect = AB_MIN_EFFECT };
    const int rc =
        gate_trials(g, &arm, &arm, &c->trial, 1, 1 + (uint64_t)d->index + 100 * (uint64_t)d->backend, err, errlen);
    c->found = c->trial.verdict == VERDICT_REGRESSED;
    c->trial.text[BASE] = c->trial.text[CANDIDATE] = NULL;
    return rc;
}

int gate_control(struct gate *g, char *err, size_t errlen)
{
    int rc = 0;
    for (uint32_t d = 0; d < g->devices.n && rc == 0; d++)
        if (has_trials(g, g->devices.device[d].label))
            rc = plant(g, &g->devices.device[d], &g->control[g->ncontrol++], err, errlen);
    return rc;
}

/* ---- judgement ---- */

bool gate_severe(enum verdict v)
{
    return v == VERDICT_REGRESSED || v == VERDICT_NEWLY_FAILING || v == VERDICT_MISSING;
}

static void distrust(struct gate *g, const char *why)
{
    if (!*g->distrust) snprintf(g->distrust, sizeof g->distrust, "%.390s", why);
}

bool gate_calibrated_well(const struct calibration *c, const char *label, double budget, char *why, size_t n)
{
    const double least = c->decisions ? binomial_lower(c->alarms, c->decisions, 0.95) : 0;
    const double most = c->decisions ? binomial_upper(c->alarms, c->decisions, 0.95) : 0;
    const bool enough = c->decisions && binomial_upper(0, c->decisions, 0.95) <= budget; /* to prove the budget kept */
    if (least > budget || (enough && most > budget)) {
        snprintf(why, n, "%s raised %u false alarms in %u decisions when calibrated, the budget is %g %%", label,
                 c->alarms, c->decisions, 100 * budget);
        return false;
    }
    if (c->planted && binomial_upper(c->found, c->planted, 0.95) < 0.8) {
        snprintf(why, n, "%s found only %u of %u planted slowdowns of %g %% when calibrated", label, c->found,
                 c->planted, 100 * c->plant);
        return false;
    }
    return true;
}

/* Stored calibrations of the devices at hand speak against the gate, for it, or not at all. */
static int ask_calibration(struct gate *g, char *err, size_t errlen)
{
    char why[400];
    uint32_t without = 0;
    for (uint32_t d = 0; g->store && d < g->devices.n; d++) {
        const struct device *dev = &g->devices.device[d];
        struct calibration c;
        bool found;
        const int rc = store_last_calibration(g->store, dev->be->name, &dev->caps, AB_RULE, &c, &found, err, errlen);
        if (rc) return rc;
        without += !found;
        if (!found) continue;
        if (!gate_calibrated_well(&c, dev->label, g->o->budget, why, sizeof why)) distrust(g, why);
    }
    if (without)
        snprintf(g->note, sizeof g->note, "%u of %u devices never calibrated here: see `mlxbench help calibrate`",
                 without, g->devices.n);
    return 0;
}

/* Each process of the candidate has read the folder by itself. */
static void ask_kernels(struct gate *g)
{
    char err[MXB_ERRLEN];
    uint64_t now;
    if (gate_kernels(g, &now, err, sizeof err) || now != g->kernels)
        distrust(g, "the files of --kernel-dir have changed while the gate ran");
}

static void judge(struct gate *g)
{
    uint32_t undecided = 0, compared = 0, suspects = 0;
    bool wrong = false, slower = false, missed = false;
    for (uint32_t i = 0; i < g->nrow; i++) {
        const struct gate_row *r = &g->row[i];
        if (!r->timed && r->verdict == VERDICT_UNCHANGED) {
            g->checked++;
            continue;
        }
        g->count[r->verdict]++;
        compared += r->trial != NULL;
        undecided += r->trial && (r->verdict == VERDICT_INCONCLUSIVE || r->verdict == VERDICT_NOISY);
        suspects += !r->trial && r->verdict == VERDICT_INCONCLUSIVE;
        wrong |= r->verdict == VERDICT_NEWLY_FAILING || r->verdict == VERDICT_MISSING;
        slower |= r->verdict == VERDICT_REGRESSED;
    }
    for (uint32_t i = 0; i < g->ncontrol; i++) {
        if (g->control[i].found) continue;
        missed = true;
        snprintf(g->note, sizeof g->note, "%s: a planted slowdown of %g %% was not found (%s)", g->control[i].label,
                 100 * PLANT, verdict_name(g->control[i].trial.verdict));
    }
    if (compared && undecided > UNDECIDED_LIMIT * compared) distrust(g, "most cases cannot be decided on this machine");
    const bool strict = g->o->strict && (undecided || suspects);
    g->exit_code = wrong              ? EXIT_WRONG
                   : *g->distrust     ? EXIT_GATE
                   : slower           ? EXIT_REGRESSION
                   : missed || strict ? EXIT_GATE
                                      : EXIT_FINE;
    if (missed && !*g->distrust) snprintf(g->distrust, sizeof g->distrust, "%.390s", g->note);
}

static int keep(struct gate *g, char *err, size_t errlen)
{
    int rc = 0;
    for (uint32_t i = 0; g->store && i < g->nrow && rc == 0; i++) {
        const struct gate_row *r = &g->row[i];
        char params[4096], text[4096];
        struct result_row id;
        const struct trial *t = r->trial;
        gate_identity(g, r, params, sizeof params, text, sizeof text, &id);
        const struct verdict_row v = { .method = r->method,
                                       .status = verdict_name(r->verdict),
                                       .cause = r->cause,
                                       .ratio = r->effect.ratio,
                                       .lo = r->effect.lo,
                                       .hi = r->effect.hi,
                                       .p = r->effect.ratio > 0 ? r->effect.p_slower : NAN,
                                       .q = r->q,
                                       .mde = t && t->n ? r->effect.mde : NAN,
                                       .min_effect = r->timed ? r->min_effect : NAN,
                                       .base_ns = r->base_ns,
                                       .cand_ns = r->cand_ns,
                                       .n = r->n,
                                       .pair = { t ? t->ns[BASE] : NULL, t ? t->ns[CANDIDATE] : NULL },
                                       .candidate_first = t ? t->candidate_first : NULL };
        rc = store_verdict(g->store, &id, &v, err, errlen);
    }
    return rc;
}

/* ---- all ---- */

bool gate_comparable(const struct gate_row *r)
{
    return r->timed && r->verdict == VERDICT_UNCHANGED && !*r->cause;
}

/* The host program is part of what is measured, so only the whole program can stand for "nothing changed". */
static bool identical(const struct gate *g)
{
    const uint64_t base = file_hash(g->o->base);
    return base && base == file_hash(g->o->candidate) && !g->o->run->kernel_dir && !g->o->force;
}

static int against_base(struct gate *g, char *err, size_t errlen)
{
    int rc = gate_check(g, err, errlen);
    if (rc) return rc;
    if (!identical(g)) {
        rc = gate_pairs(g, gate_comparable, err, errlen);
        if (rc == 0 && !g->o->no_control) rc = gate_control(g, err, errlen);
        return rc;
    }
    for (uint32_t i = 0; i < g->nrow; i++)
        if (gate_comparable(&g->row[i])) snprintf(g->row[i].cause, sizeof g->row[i].cause, "identical programs");
    return 0;
}

static const struct gate_reporter *reporter_of(const char *name)
{
    const struct gate_reporter *r = gate_reporters;
    while (r->name && strcmp(r->name, name) != 0) r++;
    return r;
}

static int complain(int rc, const char *err)
{
    fprintf(stderr, "mlxbench: %s\n", err);
    return rc == MXB_EDB ? EXIT_DB : rc == MXB_EDEVICE ? EXIT_WRONG : EXIT_USAGE;   /* a program that hangs is wrong */
}

int gate_run(const struct gate_opts *o)
{
    struct gate *g = calloc(1, sizeof *g);
    char err[MXB_ERRLEN] = "out of memory";
    int code = EXIT_USAGE;
    if (!g) return complain(MXB_ENOMEM, err);
    g->o = o;
    int rc = gate_open(g, "gate", err, sizeof err);
    if (rc == 0) rc = o->screen ? gate_screen(g, err, sizeof err) : against_base(g, err, sizeof err);
    if (rc == 0) rc = ask_calibration(g, err, sizeof err);
    if (rc == 0) ask_kernels(g);
    if (rc == 0) judge(g);
    if (rc == 0) rc = keep(g, err, sizeof err);
    g->seconds += wall_seconds();
    if (run_interrupted) code = 128 + run_interrupted;
    else if (rc) code = complain(rc, err);
    else {
        reporter_of(o->format)->print(stdout, g);
        code = g->exit_code;
    }
    gate_close(g, rc);
    free(g);
    return code;
}
