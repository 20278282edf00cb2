/* Worker processes: the only place where a driver is called.  A worker is forked from the parent, which owns no
 * driver and no thread at that moment, does jobs that lie in the shared arena, and may die without taking the run
 * with it. */
#ifndef MXB_WORKER_H
#define MXB_WORKER_H
#include "harness/check.h"
#include "harness/guardian.h"
#include "harness/job.h"

struct worker_opts {
    const struct mxb_backend *backend;
    const struct arena *arena;       /* where the jobs are */
    struct mxb_open_opts open;
    const struct overlay *overlay;   /* NULL = none; borrowed */
    const struct guardian *guardian; /* NULL = none */
    const char *temp_dir;            /* for compilers and drivers; NULL = the system's */
    bool in_process;                 /* for debuggers: no fork, no protection */
    int turn_fd;                     /* see turn.h; 0 = alone */
};

struct worker;
int  worker_start(const struct worker_opts *, struct worker **out, char *err, size_t errlen);
/* ST_PASS: the worker answered (job->answer->rc says how it went).  ST_CRASHED, ST_TIMEOUT, ST_ERROR (its answer
 * makes no sense, or the run was interrupted): the worker is gone, text in err; only worker_stop may follow. */
enum mxb_status worker_call(struct worker *, struct job *, double timeout_s, char *err, size_t errlen);
void worker_stop(struct worker *);   /* lets it close its device, kills it after 5 s; NULL is fine */
void worker_kill(struct worker *);   /* at once, with every process that it started; NULL is fine */
#endif
