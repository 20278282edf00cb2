/* --format tap: Test Anything Protocol, version 14; the plan comes last, because devices are part of the count. */
#include <stdio.h>
#include <stdlib.h>
#include "harness/report.h"

static void begin(FILE *f, const struct case_list *l, const struct device_list *d, const struct report_style *style,
                  void **state)
{
    (void)l; (void)d; (void)style;
    *state = calloc(1, sizeof(uint32_t));            /* rows so far */
    if (*state) fputs("TAP version 14\n", f);
}

/* '#' begins a directive; what escapes it is a backslash. */
static void description(FILE *f, const char *text)
{
    for (const char *s = text; *s; s++) {
        if (*s == '#' || *s == '\\') fputc('\\', f);
        fputc(*s == '\n' || *s == '\r' ? ' ' : *s, f);
    }
}

/* A double-quoted YAML scalar. */
static void yaml(FILE *f, const char *key, const char *text)
{
    fprintf(f, "  %s: \"", key);
    for (const char *s = text ? text : ""; *s; s++) {
        if (*s == '"' || *s == '\\') fputc('\\', f);
        fputc((unsigned char)*s < 0x20 ? ' ' : *s, f);
    }
    fputs("\"\n", f);
}

static void row(FILE *f, void *state, const struct result_row *r, const char *label, const struct bench_case *c)
{
    uint32_t *n = state;
    const bool bad = status_fails_run(r->status);
    (void)c;
    fprintf(f, "%sok %u - ", bad ? "not " : "", ++*n);
    description(f, r->case_text);
    fprintf(f, " [%s]", label);
    if (r->status == ST_SKIP) {
        fputs(" # SKIP ", f);
        description(f, r->reason);
    }
    fputc('\n', f);
    if (bad) {
        fprintf(f, "  ---\n  status: %s\n", status_name(r->status));
        yaml(f, "message", r->reason);
        yaml(f, "repro", r->repro);
        fputs("  ...\n", f);
    }
    fflush(f);
}

static void end(FILE *f, void *state, const struct run_summary *s)
{
    const uint32_t *n = state;
    if (s->interrupted) fputs("Bail out! interrupted\n", f);
    else if (s->not_run) fprintf(f, "Bail out! stopped at a failure, %u cases not run\n", s->not_run);
    else fprintf(f, "1..%u\n", *n);
    free(state);
}

const struct reporter report_tap = { "tap", begin, row, end };
