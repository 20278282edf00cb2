/* --format junit: one <testsuite> per suite, one <testcase> per case and device, as CI services read them.
 * Counts stand in front of the cases, so everything is kept in memory until the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "harness/escape.h"
#include "harness/report.h"

struct junit_suite {
    struct junit_suite *next;
    char *name, *text;               /* text: its <testcase> elements, once `file` is flushed */
    size_t size;
    FILE *file;
    uint32_t tests, failures, errors, skipped;
    double seconds;
};
struct junit {
    struct junit_suite *first;
    char started[32], host[256];
};

static void begin(FILE *f, const struct case_list *l, const struct device_list *d, const struct report_style *style,
                  void **state)
{
    struct junit *j = calloc(1, sizeof(*j));
    const time_t now = time(NULL);
    struct tm utc;
    (void)f; (void)l; (void)d; (void)style;
    *state = j;
    if (!j) return;
    gmtime_r(&now, &utc);
    strftime(j->started, sizeof(j->started), "%Y-%m-%dT%H:%M:%S", &utc);
    if (gethostname(j->host, sizeof(j->host) - 1)) strcpy(j->host, "unknown");
}

static void free_suite(struct junit_suite *s)
{
    if (s->file) fclose(s->file);
    free(s->name);
    free(s->text);
    free(s);
}

/* The suite of that name, new at the end of the list; NULL = no memory. */
static struct junit_suite *suite_of(struct junit *j, const char *name)
{
    struct junit_suite **at = &j->first;
    for (; *at; at = &(*at)->next)
        if (strcmp((*at)->name, name) == 0) return *at;
    struct junit_suite *s = calloc(1, sizeof(*s));
    if (!s) return NULL;
    s->name = strdup(name);
    s->file = open_memstream(&s->text, &s->size);
    if (!s->name || !s->file) {
        free_suite(s);
        return NULL;
    }
    return *at = s;
}

static void attribute(FILE *f, const char *name, const char *value)
{
    fprintf(f, " %s=\"", name);
    put_escaped(f, ESC_XML, value);
    fputc('"', f);
}

/* What is wrong with the output is a failure; what kept it from being computed is an error. */
static const char *element_of(enum mxb_status st)
{
    return st == ST_FAIL || st == ST_MISTRUSTED ? "failure"
           : st == ST_SKIP                      ? "skipped"
           : st == ST_PASS                      ? NULL
                                                : "error";
}

static void row(FILE *f, void *state, const struct result_row *r, const char *label, const struct bench_case *c)
{
    struct junit_suite *s = suite_of(state, r->suite);
    const char *element = element_of(r->status);
    const double seconds = r->case_ns > 0 ? r->case_ns / 1e9 : 0;
    (void)f; (void)c;
    if (!s) return;
    s->tests++;
    s->seconds += seconds;
    s->failures += element && strcmp(element, "failure") == 0;
    s->errors += element && strcmp(element, "error") == 0;
    s->skipped += r->status == ST_SKIP;
    fputs("    <testcase name=\"", s->file);
    put_escaped(s->file, ESC_XML, r->case_text);
    fputs(" [", s->file);
    put_escaped(s->file, ESC_XML, label);
    fputs("]\" classname=\"", s->file);
    put_escaped(s->file, ESC_XML, r->suite);
    fputc('.', s->file);
    put_escaped(s->file, ESC_XML, r->op);
    fprintf(s->file, "\" time=\"%.6f\"", seconds);
    if (!element) {
        fputs("/>\n", s->file);
        return;
    }
    fprintf(s->file, ">\n      <%s", element);
    attribute(s->file, "message", r->reason);
    if (r->status == ST_SKIP) fputs("/>\n", s->file);
    else {
        attribute(s->file, "type", status_name(r->status));
        fputc('>', s->file);
        put_escaped(s->file, ESC_XML, r->repro);
        fprintf(s->file, "</%s>\n", element);
    }
    fputs("    </testcase>\n", s->file);
}

static void print_suite(FILE *f, const struct junit *j, struct junit_suite *s, uint32_t id,
                        const struct run_summary *sum)
{
    fputs("  <testsuite", f);
    attribute(f, "name", s->name);
    fprintf(f, " id=\"%u\" package=\"mlxbench\"", id);
    attribute(f, "timestamp", j->started);
    attribute(f, "hostname", j->host);
    fprintf(f, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"%.6f\">\n", s->tests, s->failures,
            s->errors, s->skipped, s->seconds);
    fputs("    <properties>\n", f);
    if (sum->run_uuid && *sum->run_uuid) fprintf(f, "      <property name=\"run\" value=\"%s\"/>\n", sum->run_uuid);
    fprintf(f, "      <property name=\"not_run\" value=\"%u\"/>\n", sum->not_run);
    fprintf(f, "      <property name=\"interrupted\" value=\"%s\"/>\n    </properties>\n",
            sum->interrupted ? "true" : "false");
    fflush(s->file);
    fwrite(s->text, 1, s->size, f);
    fputs("    <system-out/>\n    <system-err/>\n  </testsuite>\n", f);
}

static void end(FILE *f, void *state, const struct run_summary *sum)
{
    struct junit *j = state;
    struct junit_suite total = { 0 };
    uint32_t id = 0;
    for (const struct junit_suite *s = j->first; s; s = s->next) {
        total.tests += s->tests;
        total.failures += s->failures;
        total.errors += s->errors;
        total.skipped += s->skipped;
        total.seconds += s->seconds;
    }
    fprintf(f,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"mlxbench\" tests=\"%u\" failures=\"%u\" "
            "errors=\"%u\""
            " skipped=\"%u\" time=\"%.6f\">\n",
            total.tests, total.failures, total.errors, total.skipped, total.seconds);
    for (struct junit_suite *s = j->first, *next; s; s = next) {
        next = s->next;
        print_suite(f, j, s, id++, sum);
        free_suite(s);
    }
    fputs("</testsuites>\n", f);
    free(j);
}

const struct reporter report_junit = { "junit", begin, row, end };
