/* Where finished cases go to be seen: the table and JSON lines.  One reporter per --format. */
#ifndef MXB_REPORT_H
#define MXB_REPORT_H
#include <stdio.h>
#include "harness/devices.h"
#include "harness/store.h"
#include "harness/suite.h"

/* Version of the JSON lines, which builds of mlxbench read from one another: counts up when a field changes its meaning or
 * goes; new fields may come at any time. */
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

struct reporter {
    const char *name;                /* --format */
    /* Before the first row; cases: all that will come, so that columns can be chosen. */
    void (*begin)(FILE *, const struct case_list *, const struct device_list *, bool colour, int width, void **state);
    /* label: "vulkan:0" or "vulkan" without a device. */
    void (*row)(FILE *, void *state, const struct result_row *, const char *label, const struct bench_case *);
    void (*end)(FILE *, void *state, const struct run_summary *);
};
extern const struct reporter *const reporters[];    /* NULL-terminated: table, json */

/* Progress on a terminal: one line on stderr that is rewritten; nothing elsewhere. */
struct progress { bool on; uint32_t done, total; double start_s, last_s; };
void progress_begin(struct progress *, uint32_t total);
void progress_step(struct progress *, const char *what);   /* at most 10 times a second */
void progress_clear(struct progress *);                    /* before a line is printed */
double wall_seconds(void);                                 /* CLOCK_MONOTONIC */
#endif
