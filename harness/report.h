/* Where finished cases go to be seen: one reporter per format, one sink per place. */
#ifndef MXB_REPORT_H
#define MXB_REPORT_H
#include <stdio.h>
#include "harness/devices.h"
#include "harness/headline.h"
#include "harness/store.h"
#include "harness/suite.h"

/* Version of the JSON lines, which builds of mlxbench read from one another: counts up when a field changes its meaning
 * or goes; new fields may come at any time. */
enum { REPORT_JSON_FORMAT = 1 };

struct run_summary {
    uint32_t count[ST_COUNT];        /* cases by enum mxb_status */
    double   wall_s;
    uint32_t compiles, hits;         /* of the pipeline caches, all devices */
    double   compile_s;
    uint32_t problems, oracles;      /* inputs and oracles made */
    uint32_t resumed;                /* of these cases, finished before this start: they have no row */
    bool     interrupted;
    uint32_t not_run;                /* cases left out after a failure, with --fail-fast */
    const char *db_path;             /* NULL = not stored */
    const char *run_uuid;
};

struct report_style {
    bool colour, quiet, verbose;     /* quiet: failures and the summary; verbose: every figure of a case */
    int  width;                      /* of the terminal, 0 = unlimited */
};
struct reporter {
    const char *name;                /* --format */
    /* Before the first row; cases: all that will come, so that columns can be chosen. *state NULL: no memory. */
    void (*begin)(FILE *, const struct case_list *, const struct device_list *, const struct report_style *,
                  void **state);
    /* label: "vulkan:0" or "vulkan" without a device.  Text of the row is the caller's and gone afterwards. */
    void (*row)(FILE *, void *state, const struct result_row *, const char *label, const struct bench_case *);
    void (*headline)(FILE *, void *state, const struct headline *);  /* after the rows of a pair; NULL = not shown */
    void (*end)(FILE *, void *state, const struct run_summary *);    /* frees the state */
};
extern const struct reporter *const reporters[];    /* NULL-terminated; the first one is the default */

/* Where a run is reported to: one format on stdout (--format), more of them into files (--report FORMAT=FILE). */
enum { MAX_SINKS = 9 };
struct report_sink { const struct reporter *reporter; const char *path; FILE *file; void *state; };
struct report_sinks { struct report_sink sink[MAX_SINKS]; uint32_t n; };
/* spec: "table", or "junit=out.xml" if to_file.  0 or MXB_EINVAL with the text in err. */
int  sinks_add(struct report_sinks *, const char *spec, bool to_file, char *err, size_t errlen);
/* Opens the files and begins.  Not 0: the text is in err, what was opened is closed again by sinks_end(). */
int sinks_begin(struct report_sinks *, const struct case_list *, const struct device_list *,
                const struct report_style *, char *err, size_t errlen);
void sinks_row(struct report_sinks *, const struct result_row *, const char *label, const struct bench_case *);
void sinks_headline(struct report_sinks *, const struct headline *);
/* summary NULL: nothing was run.  Not 0: a file could not be written. */
int  sinks_end(struct report_sinks *, const struct run_summary *, char *err, size_t errlen);

/* Progress on a terminal: one line on stderr that is rewritten; nothing elsewhere. */
struct progress { bool on; uint32_t done, total; double start_s, last_s; };
void progress_begin(struct progress *, uint32_t total);
void progress_step(struct progress *, const char *what);   /* at most 10 times a second */
void progress_clear(struct progress *);                    /* before a line is printed */
double wall_seconds(void);                                 /* CLOCK_MONOTONIC */
#endif
