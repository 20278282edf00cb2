/* What the gate keeps in the results database: verdicts with their pairs, calibrations, accepted baselines; and what it
 * asks of the history. */
#ifndef MXB_STORE_GATE_H
#define MXB_STORE_GATE_H
#include "harness/screen.h"
#include "harness/store.h"

/* Only the members that name the case and the device are used of a result_row here: case_id, def_version, case_text,
 * op, entry, dtype, params_json, repro (""), seed, cache, bytes, flops, backend, caps. */

struct verdict_row {
    const char *method;              /* "check", "ab", "aa", "control", "screen" */
    uint32_t pass;                   /* of "aa" and "control": 0, 1, ...; else 0 */
    const char *status, *cause;      /* verdict_name() */
    double ratio, lo, hi;            /* 0 = no comparison */
    double p, q, mde, min_effect;    /* NaN = none */
    double base_ns, cand_ns;         /* medians; 0 = none */
    uint32_t n;                      /* pairs, or earlier runs */
    const double *pair[2];           /* ns of base and candidate, n each; NULL = not pairs */
    const bool *candidate_first;
};
/* In the run that store_begin() began; one transaction. */
int store_verdict(struct store *, const struct result_row *, const struct verdict_row *, char *err, size_t errlen);

struct calibration {                 /* of one device by one `mlxbench calibrate` */
    const char *rule;                /* AB_RULE */
    uint32_t decisions, alarms;      /* of the same program against itself */
    uint32_t planted, found;         /* slowdowns planted, and called regressed */
    double   plant;                  /* 0.05 */
};
int store_calibration(struct store *, const char *backend, const struct mxb_caps *, const struct calibration *,
                      char *err, size_t errlen);
/* The latest one of this rule for the device on this machine and environment; *found false: none. */
int store_last_calibration(struct store *, const char *backend, const struct mxb_caps *, const char *rule,
                           struct calibration *, bool *found, char *err, size_t errlen);

struct history {                     /* of one case on one device, seen from one run */
    char status[16], reason[256];    /* in that run; "" = no result */
    char last_status[16];            /* in the last complete run before it here that has the case; "" = none */
    double median_ns;                /* in that run; 0 = none */
    uint32_t noise;
    /* Logs of the times of earlier runs, newest first: same machine, device, environment and branch, complete, right, not
     * flagged as throttled, unsteady or with mismatched clocks, since the accepted baseline. */
    double before[SCREEN_RUNS]; uint32_t n;
};
int store_history(struct store *, const char *run_uuid, const struct result_row *, struct history *, char *err,
                  size_t errlen);

/* Results before the present moment no longer count as history: of the cases whose id begins with `hex`, or of all with
 * "".  *changed: cases. */
int store_accept(struct store *, const char *hex, const char *reason, uint32_t *changed, char *err, size_t errlen);
struct baseline_row { const char *when, *case_id, *case_text, *reason; };    /* case_id "": all cases */
int store_baselines(struct store *, void (*each)(void *ctx, const struct baseline_row *), void *ctx, char *err,
                    size_t errlen);
#endif
