/* One result as flat fields, whether it has just been measured or comes from the database; JSON and CSV are written
 * from it. The fields are documented in docs/json.md. */
#ifndef MXB_RESULT_LINE_H
#define MXB_RESULT_LINE_H
#include <stdio.h>

#include "harness/store.h"


struct result_line {                 /* text: NULL = unknown; numbers: NaN = no figure */
    const char *id;                  /* 10 hex digits: the case */
    const char *suite, *op, *entry, *dtype, *backend, *device, *device_label, *driver, *impl, *tile, *cache;
    const char *params_json, *status, *reason, *clock, *repro;
    const char *limit_by;            /* what sets the device's measured limit: "memory", "cache", "arithmetic" */
    uint64_t seed, compared;
    uint32_t n, rounds, noise;
    double err_rms, err_max, median_ns, ci_lo_ns, ci_hi_ns, gbps, gflops, bytes, flops;
    double limit_ns, limit_pct;      /* time at that limit, and its share of the median */
    double impossible;               /* 1: faster than the device can be, 0: not so */
    double compile_ns, setup_ns, first_ns, oracle_ns, case_ns;
    double kernel_ns;                /* spent in timed launches; of a live result */
    const double *turn_ns; uint32_t nturn;           /* medians of the turns (turn.h), of a live result; not in CSV */
    const char *run, *finished;      /* of stored results only */
};

/* id: room for the line's id.  The line borrows the row's text. */
void result_line_of(const struct result_row *, const char *label, char id[17], struct result_line *);
void result_line_json(FILE *, const struct result_line *);           /* one object and a line break */
void result_line_csv_head(FILE *);                                    /* without a line break */
void result_line_csv(FILE *, const struct result_line *);            /* the same; NULL: empty cells */
#endif
