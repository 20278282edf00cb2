/* Reads stored runs, devices, results and samples back: what reports, plots and the coverage table are made from. */
#ifndef MXB_STORE_QUERY_H
#define MXB_STORE_QUERY_H
#include "harness/result_line.h"
#include "harness/suite_pool.h"

struct stored_run {
    int64_t id;
    const char *uuid, *started, *finished, *state,
        *purpose; /* moments: UTC, "2025-01-31T12:00:00Z"; finished "" if never */
    const char *version, *commit, *branch, *cmdline;             /* of mlxbench */
    bool dirty;
    const char *hostname, *cpu, *board, *os, *kernel, *governor, *compiler, *cflags;
    int64_t ncpu, ram_gib;
};
struct stored_device {
    int64_t id;
    const char *backend, *name, *driver, *driver_version, *api, *caps_json, *hostname;   /* name "" = none was there */
    const char *label; /* short and unique in the set: "vulkan", or "vulkan Some GPU" beside another one */
    int64_t units;
    double memory_gbps, cache_gbps, f32_gflops, f16_gflops;      /* measured roofline; NaN = not measured */
};
struct stored_result {
    struct result_line line;         /* device_label: the device's label above */
    int64_t id;
    uint32_t run, device;            /* indices into the set */
    const char *case_text;           /* "entry k=v ... seed=1 backend impl [tile] cache" */
};
struct result_set {
    struct stored_run *run; uint32_t nrun;           /* oldest first */
    struct stored_device *device; uint32_t ndevice;
    struct stored_result *result; uint32_t nresult;  /* in the order of the runs, and in a run as they finished */
    struct pool pool;                                /* owns all of it */
};

struct result_filter {               /* what is loaded; empty = all of it */
    const int64_t *run; uint32_t nrun;
    const char *op, *entry, *case_hash;              /* case_hash: its beginning, hex */
    const char *const *backend; uint32_t nbackend;
    const char *text;                /* glob or part of case_text */
};

/* The runs that the words name: what store_find_runs() knows, or "all".  No word: the last run, timed or not.
 * Measurements of the roofline are left out.  *id is malloc'ed, in the order of the words.  MXB_EINVAL, MXB_ENOENT: no
 * such run. */
int query_runs(struct store *, const char *const *word, uint32_t nword, int64_t **id, uint32_t *n, char *err,
               size_t errlen);
int  query_results(struct store *, const struct result_filter *, struct result_set *out, char *err, size_t errlen);
/* For every entry and backend the results of the latest run that has any. */
int  query_latest(struct store *, struct result_set *out, char *err, size_t errlen);
/* The ratios of pairs in the runs of the set, run by run; text is gone after each call. */
struct headline;
int  query_headlines(struct store *, const struct result_set *, void (*each)(void *ctx, const struct headline *),
                     void *ctx, char *err, size_t errlen);
void result_set_free(struct result_set *);
/* Samples of all rounds of a result in order of measurement, ns; *ns is malloc'ed, NULL if none are stored. */
int  query_samples(struct store *, int64_t result_id, double **ns, size_t *n, char *err, size_t errlen);
/* Cases of a run that at least `least` runs on the same device have timed, most often timed first: full hashes, 17
 * bytes each.  Returns how many, at most `max`, or an error. */
int query_well_known(struct store *, int64_t run_id, uint32_t least, char (*hash)[17], uint32_t max, char *err,
                     size_t errlen);
#endif
