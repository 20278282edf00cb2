/* The report's table of an op: one row per result, with all figures and the command that reproduces it.  Results of one
 * problem stand together, also those of several runs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/case_fields.h"
#include "harness/report_page.h"

/* Is r the fastest of its problem, device and run, among several? */
static bool is_fastest(const struct result_set *s, uint32_t at)
{
    const struct stored_result *r = &s->result[at];
    bool rivals = false;
    uint32_t i = at;
    if (!is_timed(r)) return false;
    while (i > 0 && s->result[i - 1].run == r->run && same_problem(&s->result[i - 1], r)) i--; /* neighbours in a run */
    for (; i < s->nresult && s->result[i].run == r->run && same_problem(&s->result[i], r); i++) {
        const struct stored_result *o = &s->result[i];
        if (o == r || o->device != r->device || !is_timed(o)) continue;
        if (o->line.median_ns < r->line.median_ns) return false;
        rivals = true;
    }
    return rivals;
}

/* GB/s and GFLOP/s: three digits, or all of the whole number. */
static const char *rate_format(double v) { return fabs(v) >= 999.5 ? "%.0f" : "%.3g"; }

static void put_number(FILE *f, double v, const char *format)
{
    if (isnan(v)) {
        fputs("<td>", f);
        return;
    }
    fprintf(f, "<td data-v=\"%.6g\">", v);
    fprintf(f, format, v);
}

static void put_noise(FILE *f, uint32_t noise)
{
    static const char *const flag[] = { "not steady",   "drift",          "autocorrelated", "outliers",
                                        "coarse clock", "clock mismatch", "bimodal" };
    const char *before = "; noise: ";
    for (size_t i = 0; i < MXB_COUNT(flag); i++)
        if (noise >> i & 1) {
            fprintf(f, "%s%s", before, flag[i]);
            before = ", ";
        }
}

/* What the columns leave out, closed until asked for. */
static void put_details(FILE *f, const struct stored_result *r, bool several_runs)
{
    const struct result_line *l = &r->line;
    fputs("<td><details><summary>more</summary><pre>", f);
    put_html(f, l->repro);
    fprintf(f, "</pre><p>id %s; set-up ", l->id);
    put_duration(f, l->setup_ns);
    fputs(", compile ", f);
    put_duration(f, l->compile_ns);
    fputs(", first ", f);
    put_duration(f, l->first_ns);
    if (l->rounds) fprintf(f, "; %u samples, %u rounds, %s clock", l->n, l->rounds, l->clock ? l->clock : "?");
    put_noise(f, l->noise);
    if (several_runs) fprintf(f, "; run %.8s", l->run);
    fputs("</p></details>", f);
}

static void put_row(const struct page *p, uint32_t at, const struct varying *v)
{
    const struct stored_result *r = &p->set->result[at];
    const struct result_line *l = &r->line;
    FILE *f = p->f;
    char label[400];
    problem_label(r, v, true, label, sizeof(label));
    fprintf(f, "<tr><td class=\"%s\">%s<td>", l->status, l->status);
    put_html(f, label);
    fputs("<td>", f);
    put_html(f, l->device_label);
    fputs("<td>", f);
    put_html(f, l->impl);
    fputc(' ', f);
    put_html(f, l->tile);
    if (is_fastest(p->set, at)) fputs(" <b title=\"fastest of its problem on this device\">★</b>", f);
    if (strcmp(l->status, "PASS") != 0 && l->reason) {
        fputs("<p>", f);
        put_html(f, l->reason);
        fputs("</p>", f);
    }
    put_number(f, l->err_max, "%.3g");
    put_number(f, l->err_rms, "%.3g");
    if (is_timed(r)) {
        fprintf(f, "<td data-v=\"%.6g\">", l->median_ns);
        put_duration(f, l->median_ns);
        const double half = 50 * (l->ci_hi_ns - l->ci_lo_ns) / l->median_ns;
        fprintf(f, "<td data-v=\"%.4g\" title=\"%.6g to %.6g ns\">±%.1f %%", half, l->ci_lo_ns, l->ci_hi_ns, half);
        put_number(f, l->gbps, rate_format(l->gbps));
        put_number(f, l->flops > 0 ? l->gflops : NAN, rate_format(l->gflops));
        put_number(f, l->limit_pct, "%.3g %%");
        if (l->impossible > 0) fputs(" <b class=\"bad\">impossible</b>", f);
        else if (l->limit_by) fprintf(f, " %s", l->limit_by);
    } else fputs("<td><td><td><td><td>", f);
    put_details(f, r, p->set->nrun > 1);
    fputs("\n", f);
}

struct row { const struct stored_result *r; uint32_t at, first; };   /* index in the set; that of its problem's first result */

static int by_problem(const void *x, const void *y)
{
    const struct row *a = x, *b = y;
    const size_t na = problem_length(a->r->case_text), nb = problem_length(b->r->case_text);
    int order = strncmp(a->r->case_text, b->r->case_text, na < nb ? na : nb);
    if (!order) order = (na > nb) - (na < nb);
    if (!order) order = strcmp(a->r->line.cache, b->r->line.cache);
    return order ? order : (a->at > b->at) - (a->at < b->at);
}

static int by_first(const void *x, const void *y)
{
    const struct row *a = x, *b = y;
    return a->first != b->first ? (a->first > b->first) - (a->first < b->first) : (a->at > b->at) - (a->at < b->at);
}

/* The op's results, problems in order of their first appearance; *n is how many.  NULL: no memory. */
static struct row *rows_of(const struct result_set *s, const char *op, uint32_t *n)
{
    struct row *list = calloc(s->nresult + 1, sizeof(*list));
    *n = 0;
    for (uint32_t i = 0; i < s->nresult && list; i++)
        if (strcmp(s->result[i].line.op, op) == 0) list[(*n)++] = (struct row){ &s->result[i], i, i };
    if (!*n) return list;
    qsort(list, *n, sizeof(*list), by_problem);
    for (uint32_t i = 1; i < *n; i++)
        if (same_problem(list[i - 1].r, list[i].r)) list[i].first = list[i - 1].first;
    qsort(list, *n, sizeof(*list), by_first);
    return list;
}

void page_table(struct page *p, const char *op)
{
    static const struct { const char *name, *title;
    } column[] = { { "status", "" },
                   { "case", "entry point and the parameters that differ" },
                   { "device", "" },
                   { "impl, tile", "★ = fastest of its problem on this device" },
                   { "max σ", "largest error in standard deviations; gate 8" },
                   { "rms σ", "root mean square of the errors in standard deviations; gate 1" },
                   { "median", "over the rounds, per launch" },
                   { "95 %", "half the 95 % interval of the median" },
                   { "GB/s", "by the op's own count of bytes" },
                   { "GFLOP/s", "by the op's own count of operations" },
                   { "of limit", "share of the device's measured limit, and what sets it" },
                   { "", "" } };
    const struct result_set *s = p->set;
    uint32_t n = 0;
    struct row *row = rows_of(s, op, &n);
    const struct stored_result **list = calloc(n + 1, sizeof(*list));
    struct varying v = { .n = 0 };
    char common[600] = "";
    for (uint32_t i = 0; i < n && list; i++) list[i] = row[i].r;
    if (list) find_varying(list, n, &v);
    if (n && list) common_label(list[0], &v, common, sizeof(common));
    free(list);
    if (*common) {
        fputs("<p class=\"common\">In all rows: ", p->f);
        put_html(p->f, common);
        fputs("</p>\n", p->f);
    }
    fputs("<div class=\"wide\"><table class=\"results\">\n<thead><tr>", p->f);
    for (size_t i = 0; i < MXB_COUNT(column); i++)
        fprintf(p->f, "<th scope=\"col\" title=\"%s\">%s</th>", column[i].title, column[i].name);
    fputs("</tr></thead>\n<tbody>\n", p->f);
    for (uint32_t i = 0; i < n; i++) put_row(p, row[i].at, &v);
    free(row);
    fputs("</tbody></table></div>\n", p->f);
}
