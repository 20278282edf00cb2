/* Distribution of the samples of one case: cumulative shares, one curve per run (A/B), all rounds together. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/case_fields.h"
#include "harness/escape.h"
#include "harness/plot.h"

enum { MAX_CURVES = 6, MAX_POINTS = 2000 };

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The first timed case; of several runs, the first that is timed in more than one on the same device. */
static const struct stored_result *find_case(const struct result_set *s)
{
    const struct stored_result *any = NULL;
    for (uint32_t i = 0; i < s->nresult; i++) {
        const struct stored_result *r = &s->result[i];
        if (!is_timed(r)) continue;
        if (!any) any = r;
        for (uint32_t k = i + 1; k < s->nresult && s->nrun > 1; k++)
            if (s->result[k].run != r->run && s->result[k].device == r->device && is_timed(&s->result[k]) &&
                strcmp(s->result[k].case_text, r->case_text) == 0) return r;
    }
    return any;
}

static int put_samples(struct plot *p, struct store *st, const struct stored_result *r, uint32_t series,
                       const char *label, char *err, size_t errlen)
{
    double *ns;
    size_t n;
    const int rc = query_samples(st, r->id, &ns, &n, err, errlen);
    if (rc) return rc;
    if (n) qsort(ns, n, sizeof(*ns), by_value);
    const size_t step = n / MAX_POINTS + 1;          /* a curve of 2,000 points looks the same */
    for (size_t i = 0; i < n; i++) {
        if (i % step && i != n - 1) continue;
        fprintf(p->data, "%u,", series);
        put_escaped(p->data, ESC_CSV, label);
        fprintf(p->data, ",%.9g,%.6g\n", ns[i], (double)(i + 1) / (double)n);
        p->points++;
    }
    free(ns);
    return 0;
}

static int build(const struct plot_request *q, struct plot *p, char *err, size_t errlen)
{
    static const char *const palette[MAX_CURVES] = { "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00" };
    const struct result_set *s = q->set;
    const struct stored_result *focus = q->focus ? q->focus : find_case(s);
    char label[MAX_CURVES][120], median[32];
    const char *word[MAX_CURVES];
    uint32_t n = 0;
    int rc = 0;
    snprintf(p->title, sizeof(p->title), "Distribution of samples");
    snprintf(p->subtitle, sizeof(p->subtitle), "no samples are stored");
    if (focus) {
        snprintf(p->title, sizeof(p->title), "Samples of %s on %s", focus->line.entry, s->device[focus->device].label);
        snprintf(p->subtitle, sizeof(p->subtitle), "%s", focus->case_text);
    }
    fputs("series_index,series,ns,share\n", p->data);
    fputs("array median_us[6]\n", p->vars);
    for (uint32_t i = 0; i < s->nresult && focus && n < MAX_CURVES && rc == 0; i++) {
        const struct stored_result *r = &s->result[i];
        if (!is_timed(r) || r->device != focus->device || strcmp(r->case_text, focus->case_text) != 0) continue;
        snprintf(label[n], sizeof(label[n]), "%s run %.8s of %s: median %.4g µs, 95 %% interval %.4g to %.4g",
                 s->nrun > 1 && n < 2 ? (n ? "B" : "A") : "", s->run[r->run].uuid, s->run[r->run].started,
                 r->line.median_ns / 1e3, r->line.ci_lo_ns / 1e3, r->line.ci_hi_ns / 1e3);
        snprintf(median, sizeof(median), "median_us[%u]", n + 1);
        plot_number(p, median, r->line.median_ns / 1e3);
        word[n] = label[n][0] == ' ' ? label[n] + 1 : label[n];
        rc = put_samples(p, q->store, r, n + 1, word[n], err, errlen);
        n++;
    }
    plot_words(p, "series", word, n);
    plot_words(p, "colour", palette, n);
    plot_number(p, "nseries", n);
    p->height = 420 + 18 * (int)n;
    return rc;
}

const struct plot_kind plot_samples = { "samples", "distribution of the samples of a case, one curve per run (A/B)",
                                        build };
