/* `mlxbench calibrate`: how often does the gate cry wolf on this machine, and what does it miss?  The same program in
 * both arms must not be called slower; with a slowdown planted in one arm it must. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/gate.h"
#include "harness/json.h"
#include "harness/provenance.h"
#include "harness/report.h"
#include "harness/stats_tail.h"

struct tally {                       /* of one case, or of one device */
    uint32_t decisions, regressed, improved, unchanged, planted, found, pairs[3 * AB_MAX_PAIRS / 2];
    double squares;
    uint32_t degrees; /* of the log ratios about their pass's mean: the spread of a pair */
};

struct calibrate {
    struct gate *g;
    uint32_t *row; uint32_t n;       /* rows that can be compared */
    struct trial *trial;             /* n */
    struct tally *of;                /* n */
};

static const struct gate_row *row_of(const struct calibrate *c, uint32_t i) { return &c->g->row[c->row[i]]; }

static int keep(struct calibrate *c, uint32_t i, const char *method, uint32_t pass, char *err, size_t errlen)
{
    const struct trial *t = &c->trial[i];
    char params[4096], text[4096];
    struct result_row id;
    if (!c->g->store) return 0;
    gate_identity(c->g, row_of(c, i), params, sizeof params, text, sizeof text, &id);
    const struct verdict_row v = { .method = method,
                                   .pass = pass,
                                   .status = verdict_name(t->verdict),
                                   .cause = t->cause,
                                   .ratio = t->effect.ratio,
                                   .lo = t->effect.lo,
                                   .hi = t->effect.hi,
                                   .p = t->effect.p_slower,
                                   .q = NAN,
                                   .mde = t->effect.mde,
                                   .min_effect = t->min_effect,
                                   .base_ns = t->n ? stats_median(t->ns[BASE], t->n) : 0,
                                   .cand_ns = t->n ? stats_median(t->ns[CANDIDATE], t->n) : 0,
                                   .n = t->n,
                                   .pair = { t->ns[BASE], t->ns[CANDIDATE] },
                                   .candidate_first = t->candidate_first };
    return store_verdict(c->g->store, &id, &v, err, errlen);
}

static void count(struct tally *of, const struct trial *t, bool planted)
{
    double mean = 0;
    if (planted) {
        of->planted++;
        of->found += t->verdict == VERDICT_REGRESSED;
        return;
    }
    of->decisions++;
    of->regressed += t->verdict == VERDICT_REGRESSED;
    of->improved += t->verdict == VERDICT_IMPROVED;
    of->unchanged += t->verdict == VERDICT_UNCHANGED;
    of->pairs[t->n]++;
    for (uint32_t i = 0; i < t->n; i++) mean += t->z[i] / t->n;
    for (uint32_t i = 0; i < t->n; i++) of->squares += (t->z[i] - mean) * (t->z[i] - mean);
    of->degrees += t->n ? t->n - 1 : 0;
}

static int one_pass(struct calibrate *c, uint32_t pass, const double *plant, char *err, size_t errlen)
{
    const struct gate_opts *o = c->g->o;
    const struct arm base = { o->candidate, o->run->kernel_dir, plant ? 0 : -1 };
    const struct arm cand = { o->candidate, o->run->kernel_dir, plant ? *plant : -1 };
    for (uint32_t i = 0; i < c->n; i++)
        c->trial[i] = (struct trial){ .text = { row_of(c, i)->text, row_of(c, i)->text },
                                      .label = row_of(c, i)->label,
                                      .min_effect = AB_MIN_EFFECT };
    int rc = gate_trials(c->g, &base, &cand, c->trial, c->n, 2 * pass + (plant != NULL), err, errlen);
    for (uint32_t i = 0; i < c->n && rc == 0; i++) {
        count(&c->of[i], &c->trial[i], plant != NULL);
        rc = keep(c, i, plant ? "control" : "aa", pass, err, errlen);
    }
    return rc;
}

static void add(struct tally *sum, const struct tally *t)
{
    sum->decisions += t->decisions;
    sum->regressed += t->regressed;
    sum->improved += t->improved;
    sum->unchanged += t->unchanged;
    sum->planted += t->planted;
    sum->found += t->found;
    sum->squares += t->squares;
    sum->degrees += t->degrees;
    for (size_t i = 0; i < MXB_COUNT(t->pairs); i++) sum->pairs[i] += t->pairs[i];
}

static uint32_t median_pairs(const struct tally *t)
{
    uint32_t n = 0, seen = 0;
    while (n + 1 < MXB_COUNT(t->pairs) && (seen += t->pairs[n]) * 2 < t->decisions) n++;
    return n;
}

/* Smallest slowdown that all the pairs of one decision show 4 times in 5. */
static double smallest_effect(const struct tally *t)
{
    const double sd = t->degrees ? sqrt(t->squares / t->degrees) : NAN;
    return expm1((normal_quantile(0.99) + normal_quantile(0.8)) * sd * 1.02 / sqrt(AB_MAX_PAIRS));
}

/* ---- report ---- */

static void json_tally(FILE *f, const struct calibrate *c, const char *id, const char *label, const struct tally *t,
                       double plant)
{
    struct json j = { .file = f };
    json_object(&j, NULL);
    json_string(&j, "id", id);
    json_string(&j, "device_label", label);
    json_uint(&j, "decisions", t->decisions);
    json_uint(&j, "alarms", t->regressed);
    json_uint(&j, "improved", t->improved);
    json_uint(&j, "unchanged", t->unchanged);
    json_double(&j, "alarms_upper", t->decisions ? binomial_upper(t->regressed, t->decisions, 0.95) : NAN);
    json_uint(&j, "median_pairs", median_pairs(t));
    json_double(&j, "smallest_effect", smallest_effect(t));
    json_double(&j, "plant", plant);
    json_uint(&j, "planted", t->planted);
    json_uint(&j, "found", t->found);
    if (!id) {                       /* of all devices together */
        json_double(&j, "processes_s", c->g->wall_ns / 1e9);
        json_double(&j, "kernel_s", c->g->kernel_ns / 1e9);
    }
    json_end(&j);
    json_finish(&j, NULL);
    fputc('\n', f);
}

static void print_tally(FILE *f, const struct tally *t, double plant)
{
    if (t->decisions)
        fprintf(
            f,
            "%u false alarms in %u decisions (95 %% bound %.2f %%), %.0f %% proved unchanged, %u pairs, sees %+.1f %%",
            t->regressed, t->decisions, 100 * binomial_upper(t->regressed, t->decisions, 0.95),
            100.0 * t->unchanged / t->decisions, median_pairs(t), 100 * smallest_effect(t));
    if (t->planted)
        fprintf(f, "%s%+.0f %% planted: found %u of %u", t->decisions ? "; " : "", 100 * plant, t->found, t->planted);
    fputc('\n', f);
}

/* Prints all and stores what each device is worth.  *good: every device kept the budget and found the slowdowns. */
static int report(struct calibrate *c, double plant, bool *good, char *err, size_t errlen)
{
    struct gate *g = c->g;
    const bool json = strcmp(g->o->format, "json") == 0;
    char why[400];
    int rc = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        const struct gate_row *r = row_of(c, i);
        if (json) json_tally(stdout, c, r->id, r->label, &c->of[i], plant);
        else {
            printf("%-10s %s %s\n           ", r->label, r->id, r->name);
            print_tally(stdout, &c->of[i], plant);
        }
    }
    if (!json) putchar('\n');
    for (uint32_t d = 0; d < g->devices.n && rc == 0; d++) {
        const struct device *dev = &g->devices.device[d];
        struct tally sum = { 0 };
        for (uint32_t i = 0; i < c->n; i++)
            if (row_of(c, i)->dev == dev) add(&sum, &c->of[i]);
        if (sum.decisions + sum.planted == 0) continue;
        const struct calibration result = { .rule = AB_RULE,
                                            .decisions = sum.decisions,
                                            .alarms = sum.regressed,
                                            .plant = plant,
                                            .planted = sum.planted,
                                            .found = sum.found };
        if (json) json_tally(stdout, c, NULL, dev->label, &sum, plant);
        else {
            printf("%-10s ", dev->label);
            print_tally(stdout, &sum, plant);
        }
        if (!gate_calibrated_well(&result, dev->label, g->o->budget, why, sizeof why)) {
            *good = false;
            fprintf(stderr, "mlxbench: the gate cannot be trusted: %s\n", why);
        }
        if (g->store) rc = store_calibration(g->store, dev->be->name, &dev->caps, &result, err, errlen);
    }
    if (!json)
        printf("%u processes, %.0f %% of their time in kernels; %.0f s\n", g->processes,
               100 * g->kernel_ns / g->wall_ns, g->seconds + wall_seconds());
    return rc;
}

static int calibrate(struct calibrate *c, uint32_t passes, uint32_t planted, double plant, bool *good, char *err,
                     size_t errlen)
{
    struct gate *g = c->g;
    int rc = gate_open(g, "calibrate", err, errlen);
    if (rc == 0) rc = gate_check(g, err, errlen);
    if (rc) return rc;
    c->row = calloc(g->nrow + 1, sizeof *c->row);
    c->trial = calloc(g->nrow + 1, sizeof *c->trial);
    c->of = calloc(g->nrow + 1, sizeof *c->of);
    if (!c->row || !c->trial || !c->of) {
        snprintf(err, errlen, "out of memory");
        return MXB_ENOMEM;
    }
    for (uint32_t i = 0; i < g->nrow; i++)
        if (gate_comparable(&g->row[i])) c->row[c->n++] = i;
    g->ntrial = c->n;
    if (c->n == 0) {
        snprintf(err, errlen, "calibrate: no case is right and to be timed");
        return MXB_EINVAL;
    }
    for (uint32_t p = 0; p < passes && rc == 0; p++) rc = one_pass(c, p, NULL, err, errlen);
    for (uint32_t p = 0; p < planted && rc == 0; p++) rc = one_pass(c, p, &plant, err, errlen);
    return rc ? rc : report(c, plant, good, err, errlen);
}

int calibrate_run(const struct gate_opts *o, uint32_t passes, uint32_t planted, double plant)
{
    struct gate *g = calloc(1, sizeof *g);
    struct calibrate c = { .g = g };
    char err[MXB_ERRLEN] = "out of memory";
    bool good = true;
    int rc = g ? 0 : MXB_ENOMEM;
    if (g) g->o = o;
    if (rc == 0) rc = calibrate(&c, passes, planted, plant, &good, err, sizeof err);
    if (rc && !run_interrupted) fprintf(stderr, "mlxbench: %s\n", err);
    if (g) gate_close(g, rc);
    free(g);
    free(c.row);
    free(c.trial);
    free(c.of);
    if (run_interrupted) return 128 + run_interrupted;
    return rc == 0 ? (good ? EXIT_FINE : EXIT_GATE) : rc == MXB_EDB ? EXIT_DB : EXIT_USAGE;
}
