/* Test Anything Protocol, version 14 (ci.h). */
#include "harness/ci.h"
#include "harness/escape.h"

void tap_begin(FILE *f) { fputs("TAP version 14\n", f); }

static void yaml(FILE *f, const char *key, const char *text)
{
    if (!text) return;
    fprintf(f, "  %s: \"", key);
    put_escaped(f, ESC_YAML, text);
    fputs("\"\n", f);
}

void tap_case(FILE *f, uint32_t *n, const struct ci_case *c)
{
    const int bad = c->outcome == CI_FAILURE || c->outcome == CI_ERROR;
    fprintf(f, "%sok %u - ", bad ? "not " : "", ++*n);
    put_escaped(f, ESC_TAP, c->name);
    if (c->label) {
        fputs(" [", f);
        put_escaped(f, ESC_TAP, c->label);
        fputc(']', f);
    }
    if (c->outcome == CI_SKIPPED) {
        fputs(" # SKIP ", f);
        put_escaped(f, ESC_TAP, c->reason);
    }
    fputc('\n', f);
    if (bad) {
        fputs("  ---\n", f);
        yaml(f, "status", c->status);
        yaml(f, "message", c->reason);
        yaml(f, "repro", c->repro);
        fputs("  ...\n", f);
    }
    fflush(f);
}

void tap_end(FILE *f, uint32_t n) { fprintf(f, "1..%u\n", n); }
