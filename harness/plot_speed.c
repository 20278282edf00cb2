/* Speed by backend and device: per problem of an op, the fastest impl and tile of every device, as bars with
 * intervals. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/case_fields.h"
#include "harness/escape.h"
#include "harness/plot.h"

enum { MAX_PROBLEMS = 20,            /* more bars are not read; those with the most work are kept */
       LABEL_LINES = 3,
       SHORTEST_LINE = PLOT_TIC_WIDTH * 2 / 3 };     /* of those that are broken between words, as a rule */

static double work(const struct stored_result *r) { return fmax(r->line.flops, r->line.bytes); }

static int by_work(const void *a, const void *b)
{
    const double x = work(*(const struct stored_result *const *)a), y = work(*(const struct stored_result *const *)b);
    return (x < y) - (x > y);
}

/* One timed result per problem of the op, in order of appearance; *n is how many. */
static const struct stored_result **problems_of(const struct result_set *s, const char *op, uint32_t *n)
{
    const struct stored_result **list = calloc(s->nresult + 1, sizeof(*list));
    *n = 0;
    if (!list) return NULL;
    for (uint32_t i = 0; i < s->nresult; i++) {
        const struct stored_result *r = &s->result[i];
        bool known = !is_timed(r) || strcmp(r->line.op, op) != 0;
        /* Results of a problem are neighbours in a run; only other runs may bring it again. */
        for (uint32_t k = *n; k-- > 0 && !known; ) {
            known = same_problem(list[k], r);
            if (s->nrun == 1) break;
        }
        if (!known) list[(*n)++] = r;
    }
    return list;
}

/* The fastest result of the problem on the device; the latest run that has one wins. */
static const struct stored_result *fastest(const struct result_set *s, const struct stored_result *problem,
                                           uint32_t device)
{
    const struct stored_result *best = NULL;
    for (uint32_t i = 0; i < s->nresult; i++) {
        const struct stored_result *r = &s->result[i];
        if (r->device != device || !is_timed(r) || !same_problem(r, problem)) continue;
        if (!best || r->run > best->run || (r->run == best->run && r->line.median_ns < best->line.median_ns)) best = r;
    }
    return best;
}

static void put_bar(struct plot *p, uint32_t row, const char *label, const struct result_set *s,
                    const struct stored_result *r)
{
    const struct result_line *l = &r->line;
    fprintf(p->data, "%u,", row);
    put_escaped(p->data, ESC_CSV, label);
    fprintf(p->data, ",%u,", r->device + 1);
    put_escaped(p->data, ESC_CSV, s->device[r->device].label);
    fputc(',', p->data);
    put_escaped(p->data, ESC_CSV, l->impl);
    fputc(',', p->data);
    put_escaped(p->data, ESC_CSV, l->tile);
    fprintf(p->data, ",%.9g,%.9g,%.9g,%.6g,%.6g\n", l->median_ns, l->ci_lo_ns, l->ci_hi_ns, l->gbps, l->gflops);
    p->used |= 1ull << r->device % 64;
    p->points++;
}

static int build(const struct plot_request *q, struct plot *p, char *err, size_t errlen)
{
    const struct result_set *s = q->set;
    uint32_t n = 0, all;
    const struct stored_result **list = problems_of(s, q->op, &n);
    struct varying v;
    char label[MAX_PROBLEMS][256], shown[MAX_PROBLEMS][LABEL_LINES * PLOT_TIC_WIDTH + 4], common[400];
    const char *word[MAX_PROBLEMS];
    uint32_t lines = 1;
    (void)err; (void)errlen;
    if (!list) return MXB_ENOMEM;
    all = n;
    if (n > MAX_PROBLEMS) {
        qsort(list, n, sizeof(*list), by_work);
        n = MAX_PROBLEMS;
    }
    find_varying(list, n, &v);
    bool entries = false;
    for (uint32_t i = 1; i < n; i++) entries |= strcmp(list[i]->line.entry, list[0]->line.entry) != 0;
    snprintf(p->title, sizeof(p->title), "Time of %s by device", q->op);
    if (!n) snprintf(p->subtitle, sizeof(p->subtitle), "nothing was timed");
    else {
        common_label(list[0], &v, common, sizeof(common));
        snprintf(p->subtitle, sizeof(p->subtitle), "%s%sfastest impl and tile of each device", common, *common ? "; " : "");
        if (all > n)
            snprintf(p->subtitle, sizeof(p->subtitle),
                     "the %u of %u problems with the most work; fastest impl and tile of each device", n, all);
    }
    fputs("row,problem,series_index,series,impl,tile,median_ns,ci_lo_ns,ci_hi_ns,gbps,gflops\n", p->data);
    double lo = HUGE_VAL;
    for (uint32_t i = 0; i < n; i++) {
        problem_label(list[i], &v, entries || !v.n, label[i], sizeof(label[i]));
        const bool cut = strlen(label[i]) > LABEL_LINES * PLOT_TIC_WIDTH;
        snprintf(shown[i], sizeof(shown[i]), "%.*s%s", LABEL_LINES * PLOT_TIC_WIDTH, label[i], cut ? "..." : "");
        while (lines * SHORTEST_LINE < strlen(shown[i])) lines++;
        word[i] = shown[i];
        for (uint32_t d = 0; d < s->ndevice; d++) {
            const struct stored_result *r = fastest(s, list[i], d);
            if (!r) continue;
            put_bar(p, i, label[i], s, r);
            lo = fmin(lo, r->line.ci_lo_ns);
        }
    }
    plot_devices(p, s);
    plot_tics(p, "row_label", word, n);
    plot_number(p, "rows", n);
    plot_number(p, "xmin", n ? pow(10, floor(log10(lo / 1e3) - 0.1)) : 1);
    const uint32_t bars = 14 + 12 * s->ndevice, text = 19 * lines + 6;
    p->height = 150 + (int)(n * (bars > text ? bars : text));
    free(list);
    return 0;
}

const struct plot_kind plot_speed = { "speed", "time by backend and device, per problem of an op", build };
