/* --format junit and --format tap of a run, in the shapes of ci.h. */
#include <stdlib.h>
#include "harness/ci.h"
#include "harness/report.h"

/* What is wrong with the output is a failure; what kept it from being computed is an error. */
static enum ci_outcome outcome_of(enum mxb_status st)
{
    return st == ST_FAIL || st == ST_MISTRUSTED ? CI_FAILURE
           : st == ST_SKIP                      ? CI_SKIPPED
           : status_fails_run(st)               ? CI_ERROR
                                                : CI_OK;
}

static struct ci_case case_of(const struct result_row *r, const char *label)
{
    return (struct ci_case){ .suite = r->suite,
                             .kind = r->op,
                             .name = r->case_text,
                             .label = label,
                             .outcome = outcome_of(r->status),
                             .status = status_name(r->status),
                             .reason = r->reason ? r->reason : "",
                             .repro = r->repro ? r->repro : "",
                             .seconds = r->case_ns > 0 ? r->case_ns / 1e9 : 0 };
}

/* ---- JUnit ---- */

static void begin_junit(FILE *f, const struct case_list *l, const struct device_list *d,
                        const struct report_style *style, void **state)
{
    (void)f; (void)l; (void)d; (void)style;
    *state = junit_new();
}

static void row_junit(FILE *f, void *state, const struct result_row *r, const char *label, const struct bench_case *c)
{
    const struct ci_case one = case_of(r, label);
    (void)f; (void)c;
    junit_case(state, &one);
}

static void end_junit(FILE *f, void *state, const struct run_summary *s)
{
    char not_run[16];
    snprintf(not_run, sizeof(not_run), "%u", s->not_run);
    const struct ci_property property[] = { { "run", s->run_uuid && *s->run_uuid ? s->run_uuid : NULL },
                                            { "not_run", not_run },
                                            { "interrupted", s->interrupted ? "true" : "false" } };
    const struct junit_end e = { .property = property, .nproperty = MXB_COUNT(property) };
    junit_print(f, state, &e);
}

/* ---- TAP ---- */

static void begin_tap(FILE *f, const struct case_list *l, const struct device_list *d,
                      const struct report_style *style, void **state)
{
    (void)l; (void)d; (void)style;
    *state = calloc(1, sizeof(uint32_t));            /* rows so far */
    if (*state) tap_begin(f);
}

static void row_tap(FILE *f, void *state, const struct result_row *r, const char *label, const struct bench_case *c)
{
    const struct ci_case one = case_of(r, label);
    (void)c;
    tap_case(f, state, &one);
}

static void end_tap(FILE *f, void *state, const struct run_summary *s)
{
    const uint32_t *n = state;
    if (s->interrupted) fputs("Bail out! interrupted\n", f);
    else if (s->not_run) fprintf(f, "Bail out! stopped at a failure, %u cases not run\n", s->not_run);
    else tap_end(f, *n);
    free(state);
}

const struct reporter report_junit = { "junit", begin_junit, row_junit, NULL, end_junit };
const struct reporter report_tap = { "tap", begin_tap, row_tap, NULL, end_tap };
