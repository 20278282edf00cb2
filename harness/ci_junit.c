/* JUnit XML as the strictest of its readers take it (ci.h): one <testsuite> per suite, one <testcase> per case. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "harness/ci.h"
#include "harness/escape.h"

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
    bool failed;                     /* no memory: a case is missing */
};

struct junit *junit_new(void)
{
    struct junit *j = calloc(1, sizeof(*j));
    const time_t now = time(NULL);
    struct tm utc;
    if (!j) return NULL;
    gmtime_r(&now, &utc);
    strftime(j->started, sizeof(j->started), "%Y-%m-%dT%H:%M:%S", &utc);
    if (gethostname(j->host, sizeof(j->host) - 1)) strcpy(j->host, "unknown");
    return j;
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

/* The rest of a <testcase> whose attributes are written. */
static void put_outcome(FILE *f, const struct ci_case *c)
{
    static const char *const element[] = { [CI_SKIPPED] = "skipped", [CI_FAILURE] = "failure", [CI_ERROR] = "error" };
    if (c->outcome == CI_OK) {
        fputs("/>\n", f);
        return;
    }
    fprintf(f, ">\n      <%s", element[c->outcome]);
    attribute(f, "message", c->reason);
    if (c->outcome == CI_SKIPPED) fputs("/>\n", f);
    else {
        attribute(f, "type", c->status);
        fputc('>', f);
        put_escaped(f, ESC_XML, c->repro);
        fprintf(f, "</%s>\n", element[c->outcome]);
    }
    fputs("    </testcase>\n", f);
}

void junit_case(struct junit *j, const struct ci_case *c)
{
    struct junit_suite *s = suite_of(j, c->suite);
    if (!s) {
        j->failed = true;
        return;
    }
    s->tests++;
    s->seconds += c->seconds;
    s->failures += c->outcome == CI_FAILURE;
    s->errors += c->outcome == CI_ERROR;
    s->skipped += c->outcome == CI_SKIPPED;
    fputs("    <testcase name=\"", s->file);
    put_escaped(s->file, ESC_XML, c->name);
    if (c->label) {
        fputs(" [", s->file);
        put_escaped(s->file, ESC_XML, c->label);
        fputc(']', s->file);
    }
    fputs("\" classname=\"", s->file);
    put_escaped(s->file, ESC_XML, c->suite);
    fputc('.', s->file);
    put_escaped(s->file, ESC_XML, c->kind);
    fprintf(s->file, "\" time=\"%.6f\"", c->seconds);
    put_outcome(s->file, c);
}

static void print_suite(FILE *f, const struct junit *j, const struct junit_suite *s, uint32_t id,
                        const struct junit_end *e)
{
    fputs("  <testsuite", f);
    attribute(f, "name", s->name);
    fprintf(f, " id=\"%u\" package=\"mlxbench\"", id);
    attribute(f, "timestamp", j->started);
    attribute(f, "hostname", j->host);
    fprintf(f, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"%.6f\">\n", s->tests, s->failures,
            s->errors, s->skipped, e->seconds > 0 ? e->seconds : s->seconds);
    fputs("    <properties>\n", f);
    for (uint32_t i = 0; i < e->nproperty; i++) {
        if (!e->property[i].value) continue;
        fputs("      <property", f);
        attribute(f, "name", e->property[i].name);
        attribute(f, "value", e->property[i].value);
        fputs("/>\n", f);
    }
    fputs("    </properties>\n", f);
    fwrite(s->text, 1, s->size, f);
    fputs("    <system-out>", f);
    put_escaped(f, ESC_XML, e->text);
    fputs("</system-out>\n    <system-err/>\n  </testsuite>\n", f);
}

void junit_print(FILE *f, struct junit *j, const struct junit_end *e)
{
    struct junit_suite total = { 0 };
    uint32_t id = 0;
    for (struct junit_suite *s = j->first; s; s = s->next) {
        j->failed |= fflush(s->file) != 0 || ferror(s->file);
        total.tests += s->tests;
        total.failures += s->failures;
        total.errors += s->errors;
        total.skipped += s->skipped;
        total.seconds += s->seconds;
    }
    if (!j->failed)
        fprintf(f,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"mlxbench\" tests=\"%u\" "
                "failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"%.6f\">\n",
                total.tests, total.failures, total.errors, total.skipped, e->seconds > 0 ? e->seconds : total.seconds);
    for (struct junit_suite *s = j->first, *next; s; s = next) {
        next = s->next;
        if (!j->failed) print_suite(f, j, s, id++, e);
        free_suite(s);
    }
    if (!j->failed) fputs("</testsuites>\n", f);
    free(j);
}
