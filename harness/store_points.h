/* Reads stored results for commands that set them against each other. */
#ifndef MXB_STORE_POINTS_H
#define MXB_STORE_POINTS_H
#include "harness/stats_ratio.h"
#include "harness/store.h"

/* All texts belong to the list.  machine, device_text, env: everything that makes two of them different, for people. */
struct point {                       /* one stored result */
    const char *run, *commit, *branch, *when;    /* when the run began: UTC, "2025-01-31T12:00:00Z" */
    bool dirty;
    int64_t started_ns;              /* of the run */
    const char *case_id;             /* 16 hex digits */
    uint32_t def_version;
    const char *case_text, *op, *entry, *params_json, *cache, *suite;
    const char *backend, *device, *impl, *tile;
    const char *machine, *device_text, *env;
    const char *status, *reason;
    double median_ns, ci_lo_ns, ci_hi_ns, gbps, gflops, limit_pct;   /* 0: no figure */
    const char *limit_by;
    uint32_t noise, nround;
    struct round_figure *round;      /* [nround] */
};
struct point_list { struct point *item; uint32_t n, cap; char **text; uint32_t ntext, text_cap; };
void points_free(struct point_list *);

/* The results of these runs (row ids), in order of case, device and time.  Of a case that a run did again, the last. */
int store_points_of_runs(struct store *, const int64_t *run, uint32_t nrun, struct point_list *, char *err,
                         size_t errlen);
/* The timed results of all finished runs, in the same order: of cases whose id begins with `what`, if it looks like one
 * (4 to 16 hex digits), else of those whose text matches it as --filter does. */
int store_points_of_case(struct store *, const char *what, struct point_list *, char *err, size_t errlen);

/* Which runs does a word mean?  "last", "last~N": the N-th last one with a timed result; the beginning of a run's uuid,
 * or of a commit (4 hex digits at least): all its finished runs.  Their row ids in *run (free() it), *nrun at least 1;
 * MXB_EINVAL with one line in err if none or several are meant. */
int store_find_runs(struct store *, const char *word, int64_t **run, uint32_t *nrun, char *err, size_t errlen);
#endif
