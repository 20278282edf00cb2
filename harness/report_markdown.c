/* --format markdown: a summary for people that fits a CI job's page: counts, failures with their commands, timed cases.
 * Such pages are limited (1 MiB), so the lists are cut, and say so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/escape.h"
#include "harness/report.h"

enum { MAX_FAILURES = 50, MAX_TIMED = 500, MAX_REASONS = 20 };

struct text { char *data; size_t size; FILE *file; };
struct reason { char *text; uint32_t n; };
struct markdown {
    struct text device, failure, timed;
    uint32_t nfailure, ntimed, nreason, nskip;
    struct reason reason[MAX_REASONS];               /* why cases were skipped */
    struct headline_page headlines;
};

static bool open_text(struct text *t) { return (t->file = open_memstream(&t->data, &t->size)) != NULL; }

static void close_text(struct text *t)
{
    if (t->file) fclose(t->file);
    free(t->data);
}

static void begin(FILE *f, const struct case_list *l, const struct device_list *d, const struct report_style *style,
                  void **state)
{
    struct markdown *m = calloc(1, sizeof(*m));
    (void)f; (void)l; (void)style;
    *state = m;
    if (!m) return;
    if (!open_text(&m->device) || !open_text(&m->failure) || !open_text(&m->timed)) {
        close_text(&m->device);
        close_text(&m->failure);
        close_text(&m->timed);
        free(m);
        *state = NULL;
        return;
    }
    for (uint32_t i = 0; i < d->n; i++) {
        fprintf(m->device.file, "| %s | ", d->device[i].label);
        put_escaped(m->device.file, ESC_MARKDOWN, d->device[i].caps.name);
        fputs(" | ", m->device.file);
        put_escaped(m->device.file, ESC_MARKDOWN, d->device[i].caps.driver_version);
        fputs(" |\n", m->device.file);
    }
    for (uint32_t b = 0; b < linked_backend_count && b < MAX_BACKENDS; b++) {
        if (!*d->missing[b]) continue;
        fprintf(m->device.file, "| %s | unavailable: ", linked_backends[b]->name);
        put_escaped(m->device.file, ESC_MARKDOWN, d->missing[b]);
        fputs(" | |\n", m->device.file);
    }
}

static void count_reason(struct markdown *m, const char *text)
{
    m->nskip++;
    for (uint32_t i = 0; i < m->nreason; i++)
        if (strcmp(m->reason[i].text, text) == 0) {
            m->reason[i].n++;
            return;
        }
    if (m->nreason == MAX_REASONS) return;
    char *copy = strdup(text);
    if (copy) m->reason[m->nreason++] = (struct reason){ copy, 1 };
}

static void add_failure(struct markdown *m, const struct result_row *r, const char *label)
{
    FILE *f = m->failure.file;
    if (m->nfailure++ >= MAX_FAILURES) return;
    fprintf(f, "- **%s** `%s` on %s %s %s: ", status_name(r->status), r->entry, label, r->impl, r->tile);
    put_escaped(f, ESC_MARKDOWN, r->reason);
    fputs("\n  ```sh\n  ", f);
    put_escaped(f, ESC_LINE, r->repro);
    fputs("\n  ```\n", f);
}

static void add_timed(struct markdown *m, const struct result_row *r, const char *label)
{
    FILE *f = m->timed.file;
    if (m->ntimed++ >= MAX_TIMED) return;
    fputs("| ", f);
    put_escaped(f, ESC_MARKDOWN, r->case_text);
    fprintf(f, " | %s | ", label);
    put_escaped(f, ESC_MARKDOWN, r->impl);
    fputc(' ', f);
    put_escaped(f, ESC_MARKDOWN, r->tile);
    fprintf(f, " | %.2f | %.4g | ±%.1f %% | %.2f | %.2f |\n", r->err_max, r->median_ns / 1e3,
            50 * (r->ci_hi_ns - r->ci_lo_ns) / r->median_ns, r->gbps, r->gflops);
}

static void row(FILE *f, void *state, const struct result_row *r, const char *label, const struct bench_case *c)
{
    struct markdown *m = state;
    (void)f; (void)c;
    if (status_fails_run(r->status)) add_failure(m, r, label);
    else if (r->status == ST_SKIP) count_reason(m, r->reason);
    else if (r->nround) add_timed(m, r, label);
}

static void headline(FILE *f, void *state, const struct headline *h)
{
    struct markdown *m = state;
    (void)f;
    headline_page_add(&m->headlines, h);
}

static void put_text(FILE *f, struct text *t)
{
    fflush(t->file);
    fwrite(t->data, 1, t->size, f);
}

static void print_lists(FILE *f, struct markdown *m)
{
    if (m->nfailure) {
        fputs("\n### Failures\n\n", f);
        put_text(f, &m->failure);
        if (m->nfailure > MAX_FAILURES) fprintf(f, "- and %u more\n", m->nfailure - MAX_FAILURES);
    }
    if (m->nskip) {
        fprintf(f, "\n<details><summary>Skipped: %u</summary>\n\n| cases | reason |\n|---:|---|\n", m->nskip);
        for (uint32_t i = 0; i < m->nreason; i++) {
            fprintf(f, "| %u | ", m->reason[i].n);
            put_escaped(f, ESC_MARKDOWN, m->reason[i].text);
            fputs(" |\n", f);
        }
        if (m->nreason == MAX_REASONS) fputs("| | and perhaps further reasons |\n", f);
        fputs("\n</details>\n", f);
    }
    if (m->ntimed) {
        fprintf(f, "\n<details><summary>Timed cases: %u</summary>\n\n", m->ntimed);
        fputs("| case | device | impl, tile | max error (σ) | median (µs) | 95 % interval | GB/s | GFLOP/s |\n"
              "|---|---|---|---:|---:|---:|---:|---:|\n", f);
        put_text(f, &m->timed);
        if (m->ntimed > MAX_TIMED) fprintf(f, "\nand %u more.\n", m->ntimed - MAX_TIMED);
        fputs("\n</details>\n", f);
    }
}

static void end(FILE *f, void *state, const struct run_summary *s)
{
    struct markdown *m = state;
    uint32_t total = 0;
    for (int i = 0; i < ST_COUNT; i++) total += s->count[i];
    fprintf(f, "## mlxbench: %s\n\n| ", m->nfailure ? "failed" : s->interrupted ? "interrupted" : "passed");
    for (int i = 0; i < ST_COUNT; i++)
        if (s->count[i] || i <= ST_SKIP) fprintf(f, "%s | ", status_name((enum mxb_status)i));
    fputs("cases | seconds |\n|", f);
    for (int i = 0; i < ST_COUNT; i++)
        if (s->count[i] || i <= ST_SKIP) fputs("---:|", f);
    fputs("---:|---:|\n| ", f);
    for (int i = 0; i < ST_COUNT; i++)
        if (s->count[i] || i <= ST_SKIP) fprintf(f, "%u | ", s->count[i]);
    fprintf(f, "%u | %.1f |\n\n| device | name | driver |\n|---|---|---|\n", total, s->wall_s);
    put_text(f, &m->device);
    if (s->not_run) fprintf(f, "\nStopped at a failure: %u cases not run.\n", s->not_run);
    headline_page_print(&m->headlines, true, f);
    headline_page_free(&m->headlines);
    print_lists(f, m);
    if (s->run_uuid && *s->run_uuid) fprintf(f, "\nRun `%s`.\n", s->run_uuid);
    for (uint32_t i = 0; i < m->nreason; i++) free(m->reason[i].text);
    close_text(&m->device);
    close_text(&m->failure);
    close_text(&m->timed);
    free(m);
}

const struct reporter report_markdown = { "markdown", begin, row, headline, end };
