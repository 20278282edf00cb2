/* Worker processes: the only place where a driver is called.  A worker is forked from the parent, which owns no driver and
 * no thread at that moment, runs jobs that lie in the shared arena, and may die without taking the run with it. */
#ifndef MXB_WORKER_H
#define MXB_WORKER_H
#include "harness/arena.h"
#include "harness/check.h"
#include "harness/exec.h"

enum { WORKER_MAX_DEVICES = 32 };

enum job_kind { JOB_PROBE, JOB_OPEN, JOB_CHECK, JOB_BENCH, JOB_COUNTS };

struct job {                         /* lies in the arena; the worker fills in the results */
    enum job_kind kind;
    /* PROBE: devices of the backend */
    uint32_t ndevice;                /* result */
    struct mxb_caps *caps;           /* result: [WORKER_MAX_DEVICES] */
    /* OPEN */
    int device;
    /* CHECK and BENCH */
    const struct plan *plan;
    void *const *stored;             /* per tensor, NULL = none */
    void *const *out;                /* per tensor: room for the outputs */
    bool inputs_too;                 /* also check that inputs came back unchanged */
    /* BENCH */
    enum cache_mode cache;
    struct measure_opts measure;
    struct measurement *timing;      /* result */
    /* results */
    struct reg_counts counts;        /* COUNTS */
    double compile_ns, setup_ns, run_ns;   /* host: compilation, allocation and upload, first run */
    bool kernel_fault;               /* rc is MXB_EINVAL because the kernel wrote where it must not: FAIL */
    int rc;
    char err[8192];
};

struct worker_opts {
    const struct mxb_backend *backend;
    struct mxb_open_opts open;
    const char *kernel_dir;          /* NULL = none */
    bool in_process;                 /* for debuggers: no fork */
};

struct worker;
int  worker_start(const struct worker_opts *, struct worker **out, char *err, size_t errlen);
/* ST_PASS: the worker answered (job->rc says how it went).  ST_CRASHED, ST_TIMEOUT: the worker is gone, text in err; only
 * worker_stop may follow. */
enum mxb_status worker_call(struct worker *, struct job *, double timeout_s, char *err, size_t errlen);
void worker_stop(struct worker *);   /* lets it close its device, kills it after 5 s; NULL is fine */
void worker_kill(struct worker *);   /* at once; NULL is fine */
#endif
