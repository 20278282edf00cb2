/* What a worker is asked to do, and what it answers.
 *
 * A job lies in the shared arena, which a worker can only read, but for the job's window: whole pages that hold the
 * answer and the room for outputs, writable while the worker does this job.  So nothing that a kernel does can reach
 * the inputs, a plan, or the outputs of an earlier job. */
#ifndef MXB_JOB_H
#define MXB_JOB_H
#include "harness/canary.h"

enum { WORKER_MAX_DEVICES = 32 };

enum job_kind { JOB_PROBE, JOB_OPEN, JOB_CHECK, JOB_BENCH, JOB_COUNTS };
enum job_phase { PHASE_START, PHASE_LIST, PHASE_OPEN, PHASE_COMPILE, PHASE_LOAD, PHASE_RUN, PHASE_FETCH, PHASE_COUNT };

struct answer {                      /* in the window; the parent believes it only after job_answered() */
    struct reg_counts counts;        /* COUNTS */
    double compile_ns, setup_ns, run_ns;   /* host: compilation, allocation and upload, first run */
    enum job_phase phase;            /* how far the worker got */
    uint32_t ndevice;                /* PROBE */
    bool kernel_fault;               /* rc is MXB_EINVAL because the kernel did what it must not: FAIL */
    int rc;
    char err[8192];
};

struct job {
    enum job_kind kind;
    int device;                      /* OPEN */
    /* CHECK and BENCH */
    const struct plan *plan;         /* of a chain the first step's */
    void *const *stored;             /* by plan_tensor(), NULL = none */
    void *const *out;                /* by plan_tensor(): room for the outputs, in the window */
    bool inputs_too;                 /* also check that inputs came back unchanged */
    /* BENCH */
    enum cache_mode cache;
    struct measure_opts measure;
    struct canary canary;            /* run before and after */
    bool control;                    /* batches in steps of 20, of which a slowdown of 5 % can be planted */
    double plant;                    /* share of repetitions that are run but not counted: a control of the gate, else 0 */
    void *const *again;              /* room for the outputs of one more sample, on fresh buffers */
    struct measurement *timing;      /* in the window */
    double budget_s;                 /* for much arithmetic, sampling and waiting for a turn: added to the time-out */
    /* the window */
    struct mxb_caps *caps;           /* PROBE: [WORKER_MAX_DEVICES] */
    struct answer *answer;
    unsigned char *window; uint64_t window_bytes;
};

/* A new job; what is allocated after it can be read by the worker, what is allocated between job_open_window() and
 * job_close_window() it can also write.  NULL, MXB_ENOMEM: the arena is full. */
struct job *job_new(struct arena *, enum job_kind);
int  job_open_window(struct arena *, struct job *);          /* allocates the answer */
void job_close_window(struct arena *, struct job *);
/* The three above at once, for a job that needs nothing more. */
struct job *job_simple(struct arena *, enum job_kind);

/* Is the answer whole?  It may have been written over by the kernel, so texts are ended and counts are checked. */
bool job_answered(struct job *);
/* After a crash or a time-out: keeps what the answer says so far if that is whole, else only the phase. */
void job_disown(struct job *);
const char *job_phase_text(const struct job *);              /* " while running", "" */

/* ---- in the worker ---- */

struct job_host {                    /* what a worker keeps between jobs */
    const struct mxb_backend *backend;
    struct mxb_open_opts open;
    const struct overlay *overlay;   /* NULL = none */
    int turn_fd;                     /* see turn.h; 0 = alone */
    void (*opened)(void);            /* called once a device is open, before any kernel is; NULL = not */
    struct exec *exec;
};
void job_do(struct job_host *, struct job *);
#endif
