/* The report's first part: what ran where, counts, worst errors, reasons of skips, failures with their commands. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/report_page.h"

enum { WORST = 5, MAX_REASONS = 30, MAX_FAILURES = 200, OPEN_RUNS = 3 };

static const char *const status_order[] = { "PASS",       "FAIL",  "SKIP",    "UNIMPLEMENTED",
                                            "MISTRUSTED", "ERROR", "CRASHED", "TIMEOUT" };

static bool is_bad(const struct stored_result *r)
{
    return strcmp(r->line.status, "PASS") != 0 && strcmp(r->line.status, "SKIP") != 0;
}

static void put_case(FILE *f, const struct stored_result *r)
{
    fputs("<code>", f);
    put_html(f, r->case_text);
    fputs("</code> on ", f);
    put_html(f, r->line.device_label);
    if (r->line.impl) {
        fputs(", ", f);
        put_html(f, r->line.impl);
        fputc(' ', f);
        put_html(f, r->line.tile);
    }
}

static void put_counts(FILE *f, const struct result_set *s)
{
    uint32_t bad = 0;
    for (uint32_t i = 0; i < s->nresult; i++) bad += is_bad(&s->result[i]);
    const uint32_t pass = count_status(s, NULL, "PASS");
    fprintf(f, "<p class=\"verdict %s\">%s</p>\n<ul class=\"counts\">\n", bad ? "bad" : "good",
            bad ? "✗ Some cases did not pass" : pass ? "✓ Every case that ran passed" : "Nothing ran");
    for (size_t i = 0; i < MXB_COUNT(status_order); i++) {
        const uint32_t n = count_status(s, NULL, status_order[i]);
        if (n || i <= 2) fprintf(f, "<li class=\"%s\"><b>%u</b> %s</li>\n", status_order[i], n, status_order[i]);
    }
    fprintf(f, "<li><b>%u</b> results</li>\n</ul>\n", s->nresult);
}

/* What ran where: results per op and device. */
static void put_matrix(FILE *f, const struct result_set *s)
{
    fputs("<div class=\"wide\"><table class=\"plain\"><caption>Passed of those that ran (and skipped), by op and "
          "device</caption>\n<thead><tr><th>op</th>",
          f);
    for (uint32_t d = 0; d < s->ndevice; d++) {
        fputs("<th>", f);
        put_html(f, s->device[d].label);
        fputs("</th>", f);
    }
    fputs("</tr></thead>\n<tbody>\n", f);
    for (uint32_t i = 0; i < s->nresult; i++) {
        const char *op = s->result[i].line.op;
        bool seen = false;
        for (uint32_t k = 0; k < i && !seen; k++) seen = strcmp(s->result[k].line.op, op) == 0;
        if (seen) continue;
        fputs("<tr><th><a href=\"#op-", f);
        put_html(f, op);
        fputs("\">", f);
        put_html(f, op);
        fputs("</a></th>", f);
        for (uint32_t d = 0; d < s->ndevice; d++) {
            uint32_t pass = 0, skip = 0, all = 0;
            for (uint32_t k = i; k < s->nresult; k++) {
                const struct stored_result *r = &s->result[k];
                if (r->device != d || strcmp(r->line.op, op) != 0) continue;
                all++;
                pass += strcmp(r->line.status, "PASS") == 0;
                skip += strcmp(r->line.status, "SKIP") == 0;
            }
            if (!all) fputs("<td>–</td>", f);
            else {
                fprintf(f, "<td class=\"%s\">%u of %u",
                        pass + skip < all ? "bad"
                        : pass            ? "good"
                                          : "",
                        pass, all - skip);
                if (skip) fprintf(f, " (%u)", skip);
                fputs("</td>", f);
            }
        }
        fputs("</tr>\n", f);
    }
    fputs("</tbody></table></div>\n", f);
}

static void put_worst(FILE *f, const struct result_set *s)
{
    const struct stored_result *worst[WORST];
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->nresult; i++) {
        const struct stored_result *r = &s->result[i];
        if (!r->line.compared) continue;
        const double e = isnan(r->line.err_max) ? HUGE_VAL : r->line.err_max;
        uint32_t at = n;
        while (at > 0 && e > (isnan(worst[at - 1]->line.err_max) ? HUGE_VAL : worst[at - 1]->line.err_max)) at--;
        if (at == WORST) continue;
        if (n < WORST) n++;
        memmove(&worst[at + 1], &worst[at], (n - 1 - at) * sizeof(*worst));
        worst[at] = r;
    }
    if (!n) return;
    fputs("<h3>Largest errors</h3>\n<p>In units of the error's own standard deviation σ; a case fails above 8, or if "
          "the root mean square is above 1.</p>\n<ol>\n",
          f);
    for (uint32_t i = 0; i < n; i++) {
        fputs("<li>", f);
        if (isnan(worst[i]->line.err_max)) fputs("not a number: ", f);
        else fprintf(f, "<b>%.3g σ</b> (rms %.3g): ", worst[i]->line.err_max, worst[i]->line.err_rms);
        put_case(f, worst[i]);
        fputs("</li>\n", f);
    }
    fputs("</ol>\n", f);
}

struct reason { const char *text; uint32_t n; };

static int by_count(const void *a, const void *b)
{
    const struct reason *x = a, *y = b;
    return (x->n < y->n) - (x->n > y->n);
}

static void put_skips(FILE *f, const struct result_set *s)
{
    struct reason reason[MAX_REASONS];
    uint32_t n = 0, more = 0;
    for (uint32_t i = 0; i < s->nresult; i++) {
        const struct result_line *l = &s->result[i].line;
        if (strcmp(l->status, "SKIP") != 0) continue;
        const char *text = l->reason ? l->reason : "no reason";
        uint32_t k = 0;
        while (k < n && strcmp(reason[k].text, text) != 0) k++;
        if (k == MAX_REASONS) {
            more++;
            continue;
        }
        if (k == n) reason[n++] = (struct reason){ text, 0 };
        reason[k].n++;
    }
    if (!n) return;
    qsort(reason, n, sizeof(*reason), by_count);
    fputs("<details class=\"reasons\"><summary>Why cases were skipped</summary>\n<ul>\n", f);
    for (uint32_t k = 0; k < n; k++) {
        fprintf(f, "<li><b>%u</b> ", reason[k].n);
        put_html(f, reason[k].text);
        fputs("</li>\n", f);
    }
    if (more) fprintf(f, "<li><b>%u</b> for further reasons</li>\n", more);
    fputs("</ul></details>\n", f);
}

static void put_failures(FILE *f, const struct result_set *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->nresult; i++) {
        const struct stored_result *r = &s->result[i];
        if (!is_bad(r)) continue;
        if (n++ == 0) fputs("<h3>Not passed</h3>\n<ul class=\"failures\">\n", f);
        if (n > MAX_FAILURES) continue;
        fprintf(f, "<li><b class=\"%s\">%s</b> ", r->line.status, r->line.status);
        put_case(f, r);
        fputs("<p>", f);
        put_html(f, r->line.reason);
        fputs("</p><pre>", f);
        put_html(f, r->line.repro);
        fputs("</pre></li>\n", f);
    }
    if (n > MAX_FAILURES) fprintf(f, "<li>and %u more: see the tables</li>\n", n - MAX_FAILURES);
    if (n) fputs("</ul>\n", f);
}

void page_summary(struct page *p)
{
    fputs("<section id=\"summary\">\n<h2>Summary</h2>\n", p->f);
    put_counts(p->f, p->set);
    put_matrix(p->f, p->set);
    put_failures(p->f, p->set);
    put_worst(p->f, p->set);
    put_skips(p->f, p->set);
    fputs("</section>\n", p->f);
}

/* ---- machines ---- */

static void put_row(FILE *f, const char *name, const char *value)
{
    if (!value || !*value) return;
    fprintf(f, "<dt>%s</dt><dd>", name);
    put_html(f, value);
    fputs("</dd>\n", f);
}

static void put_run(FILE *f, const struct stored_run *u)
{
    char text[400];
    fputs("<dl>\n", f);
    snprintf(text, sizeof(text), "%s, %s", u->uuid, u->state);
    put_row(f, "run", text);
    snprintf(text, sizeof(text), "%s to %s", u->started, *u->finished ? u->finished : "?");
    put_row(f, "when (UTC)", text);
    put_row(f, "command", u->cmdline);
    snprintf(text, sizeof(text), "%s %.40s%s%s%s", u->version, u->commit, *u->branch ? " on " : "", u->branch,
             u->dirty ? ", modified" : "");
    put_row(f, "mlxbench", text);
    snprintf(text, sizeof(text), "%s: %s, %lld CPUs, %lld GiB%s%s", u->hostname, u->cpu, (long long)u->ncpu,
             (long long)u->ram_gib, *u->board ? ", board " : "", u->board);
    put_row(f, "machine", text);
    snprintf(text, sizeof(text), "%s, kernel %s%s%s", u->os, u->kernel, *u->governor ? ", governor " : "", u->governor);
    put_row(f, "system", text);
    snprintf(text, sizeof(text), "%s %s", u->compiler, u->cflags);
    put_row(f, "compiler", text);
    fputs("</dl>\n", f);
}

static void put_rate(FILE *f, double rate, const char *unit)
{
    if (rate > 0) fprintf(f, rate >= 999.5 ? "<td>%.0f %s</td>" : "<td>%.3g %s</td>", rate, unit);
    else fputs("<td>–</td>", f);
}

void page_machines(struct page *p)
{
    const struct result_set *s = p->set;
    fputs("<section id=\"machines\">\n<h2>Machines and devices</h2>\n", p->f);
    for (uint32_t i = 0; i < s->nrun; i++) {
        if (s->nrun <= OPEN_RUNS) put_run(p->f, &s->run[i]);
        else {
            fprintf(p->f, "<details><summary>run %.8s of %s</summary>\n", s->run[i].uuid, s->run[i].started);
            put_run(p->f, &s->run[i]);
            fputs("</details>\n", p->f);
        }
    }
    fputs("<div class=\"wide\"><table class=\"plain\"><caption>Devices, and what `mlxbench roofline` measured of "
          "them</caption>\n<thead><tr><th>device</th><th>name</th><th>driver</th><th>API</th>"
          "<th>compute units</th><th>memory</th><th>caches</th><th>f32</th><th>f16</th></tr></thead>\n<tbody>\n",
          p->f);
    for (uint32_t d = 0; d < s->ndevice; d++) {
        const struct stored_device *v = &s->device[d];
        fputs("<tr><th>", p->f);
        put_html(p->f, v->label);
        fputs("</th><td>", p->f);
        put_html(p->f, *v->name ? v->name : "none: its cases are skipped");
        fputs("</td><td>", p->f);
        put_html(p->f, v->driver);
        fputc(' ', p->f);
        put_html(p->f, v->driver_version);
        fputs("</td><td>", p->f);
        put_html(p->f, v->api);
        fprintf(p->f, "</td><td>%lld</td>", (long long)v->units);
        put_rate(p->f, v->memory_gbps, "GB/s");
        put_rate(p->f, v->cache_gbps, "GB/s");
        put_rate(p->f, v->f32_gflops, "GFLOP/s");
        put_rate(p->f, v->f16_gflops, "GFLOP/s");
        fputs("</tr>\n", p->f);
    }
    fputs("</tbody></table></div>\n</section>\n", p->f);
}
