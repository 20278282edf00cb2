/* The results database: SQLite, WAL, one writer, one transaction per result. */
#ifndef MXB_STORE_H
#define MXB_STORE_H
#include "harness/check.h"
#include "harness/measure.h"

#define MXB_EDB (-20)                /* the disk, memory or another process: exit code 5; a file that cannot serve is MXB_EINVAL */
#define STORE_DEFAULT_PATH "results/mlxbench.db"

struct store;

struct run_info {                    /* provenance of a run, written once */
    const char *version, *commit, *branch;   /* of mlxbench; commit "" if unknown */
    bool dirty;
    uint64_t suite_hash, binary_hash;
    const char *cmdline, *purpose;   /* purpose: 'bench' or 'conformance' */
    const char *config_json;         /* {"args": the command line's words, "options": {...}} */
    bool durable;                    /* true: fsync every result (timed runs); false: safe against kill only */
};

struct result_row {                  /* one finished case on one device */
    const char *suite, *op, *entry, *dtype, *params_json, *case_text;
    uint64_t case_id, seed;          /* case_id: case_hash() */
    uint32_t def_version;
    int      cache;                  /* enum cache_mode */
    double   bytes, flops;           /* of the problem */
    const char *backend; const struct mxb_caps *caps;    /* caps NULL: no device (SKIP because it is unavailable) */
    const char *impl, *tile;         /* "tiled", "BQ=32 BK=16"; "" if never planned */
    enum mxb_status status; const char *reason;
    double   err_rms, err_max; uint64_t compared;
    const char *repro;
    double   setup_ns, compile_ns, first_ns, check_ns, oracle_ns, case_ns;   /* host times of the parts; < 0 unknown */
    const struct measurement *round; uint32_t nround;    /* 0 = not timed */
    double   median_ns, ci_lo_ns, ci_hi_ns, gbps, gflops;   /* over the rounds; 0 if not timed */
    double   limit_ns;               /* time at the device's measured limit, 0 = not known */
    const char *limit_by;            /* "memory", "cache" or "arithmetic"; "" = not known */
};

/* Opens, or creates if `create`.  The missing folder is made for STORE_DEFAULT_PATH only.  Refuses, untouched: a newer
 * user_version, another application's database, a corrupt or read-only file.  An older version is upgraded after a
 * backup beside it.  Runs left 'running' by a dead process become 'aborted'.  MXB_ENOENT: no such file or folder;
 * MXB_EINVAL: a refusal, or corrupt; MXB_EDB: disk full, locked, out of memory. */
int  store_open(const char *path, bool create, struct store **out, char *err, size_t errlen);
bool store_is_empty(const struct store *);       /* holds no run */
void store_close(struct store *);    /* NULL is fine; a run not ended becomes aborted */
int  store_begin(struct store *, const struct run_info *, char uuid_out[37], char *err, size_t errlen);
/* All of the row, its rounds and their samples, or nothing.  The same case may come again: a further attempt. */
int  store_result(struct store *, const struct result_row *, char *err, size_t errlen);
/* A ratio of the run; the same one again is a further attempt. */
struct headline;
int  store_headline(struct store *, const struct headline *, char *err, size_t errlen);
/* Instead of store_begin(): goes on with a run that was aborted.  `run`: its uuid, a part from its beginning, or "last".
 * The new results must be comparable with those that are there: MXB_EINVAL, with the text, if the run is complete or still
 * running, if there is none or more than one, or if it had other suites, other "options" in its config_json, another build
 * of mlxbench, another machine or another environment. */
int  store_resume(struct store *, const char *run, const struct run_info *, char uuid_out[37], char *err, size_t errlen);
/* Has the resumed run this result already?  Each stored result answers once, as a suite may hold a case twice. */
struct result_key { const char *suite, *backend; uint64_t case_id; uint32_t def_version; const struct mxb_caps *caps; };
bool store_finished(struct store *, const struct result_key *, enum mxb_status *);
/* Words of the command line of a stored run, less the command's name, for running it again; at most `max`, malloc'ed each. */
int  store_run_args(struct store *, const char *run, char **arg, uint32_t max, uint32_t *n, char *err, size_t errlen);
int  store_end(struct store *, const char *state, char *err, size_t errlen);   /* "complete" or "aborted" */

/* Latest stored results whose case id begins with `hex` ("" = all; at most `max`), newest first; calls back with
 * borrowed text.  err_rms, err_max: NaN if nothing was compared; times and rates: 0 if there is no figure.  A callback
 * that does not return 0 ends the search with its value. */
struct stored_case {
    const char *id, *op, *entry, *backend, *device, *impl, *tile, *params_json, *status, *reason, *repro;
    const char *suite, *when, *commit;       /* when: UTC, "2025-01-31T12:00:00Z" */
    double err_rms, err_max, median_ns, ci_lo_ns, ci_hi_ns, gbps, gflops;
    const char *limit_by;
    double limit_pct;                /* of the device's measured limit; 0 = not known */
};
int  store_find(struct store *, const char *hex, uint32_t max, int (*each)(void *ctx, const struct stored_case *),
                void *ctx, char *err, size_t errlen);

/* What a device can do at most, measured by `mlxbench roofline`.  Rates of 0: not known. */
struct roofline {
    double memory_gbps;              /* bandwidth beyond the caches, of copies or reads */
    double cache_gbps;               /* the best bandwidth of any size */
    double f32_gflops, f16_gflops;   /* multiply-adds, two operations each */
};
/* The run must have begun: its machine is the device's. */
int  store_add_roofline(struct store *, const char *backend, const struct mxb_caps *, const struct roofline *,
                        const char *version, char *err, size_t errlen);
/* The latest one of this very device, driver included; all 0 if it was never measured. */
int  store_get_roofline(struct store *, const char *backend, const struct mxb_caps *, struct roofline *, char *err,
                        size_t errlen);

/* Sample codec: delta + zigzag + varint of values in 1/16 ns; the store keeps a crc32 beside it.  *data is malloc'ed.
 * MXB_EINVAL: a sample is no time; MXB_EPARSE: not the data of n samples. */
int  samples_pack(const double *ns, size_t n, unsigned char **data, size_t *bytes);
int  samples_unpack(const unsigned char *data, size_t bytes, double *ns, size_t n);
#endif
