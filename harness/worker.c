/* Worker processes (worker.h). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "harness/cold.h"
#include "harness/interrupt.h"
#include "harness/worker.h"

struct worker {
    struct worker_opts opts;
    pid_t pid;                       /* 0 = in process */
    int fd;                          /* our end of the socket pair */
    struct exec *exec;               /* worker side */
};

/* ---- worker side ---- */

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int do_probe(const struct worker *w, struct job *j)
{
    const int n = w->opts.backend->count(j->err, sizeof(j->err));
    j->ndevice = 0;
    for (int i = 0; i < n && i < WORKER_MAX_DEVICES; i++) {
        struct mxb_caps *c = &j->caps[i];
        char err[MXB_ERRLEN];
        if (w->opts.backend->info(i, c, err, sizeof(err)) != 0) {    /* listed, but nothing can run on it */
            *c = (struct mxb_caps){ 0 };
            snprintf(c->name, sizeof(c->name), "unusable: %.100s", err);
        }
        j->ndevice++;
    }
    return 0;
}

static int do_open(struct worker *w, struct job *j)
{
    exec_close(w->exec);
    w->exec = NULL;
    return exec_open(w->opts.backend, j->device, &w->opts.open, w->opts.kernel_dir, &w->exec, j->err, sizeof(j->err));
}

/* Compile, upload, run once, fetch. */
static int do_check(struct worker *w, struct job *j)
{
    struct mxb_time t = { 0 };
    int rc = exec_compile(w->exec, j->plan, &j->compile_ns, j->err, sizeof(j->err));
    const double t0 = now_ns();
    if (rc == 0) rc = exec_load(w->exec, j->plan, j->stored, 1, j->err, sizeof(j->err));
    const double t1 = now_ns();
    if (rc == 0) rc = exec_run(w->exec, 1, &t, j->err, sizeof(j->err));
    const double t2 = now_ns();
    j->setup_ns = t1 - t0;
    j->run_ns = t2 - t1;
    if (rc) return rc;
    rc = exec_fetch(w->exec, j->stored, j->out, j->inputs_too, j->err, sizeof(j->err));
    j->kernel_fault = rc == MXB_EINVAL;
    return rc;
}

struct sample_ctx { struct worker *w; uint32_t sets; char *err; size_t errlen; };

/* `batch` is rounded up to whole rounds over the buffer sets; the time is scaled back to `batch` repetitions. */
static int take_sample(void *ctx, uint32_t batch, struct mxb_time *t)
{
    const struct sample_ctx *s = ctx;
    const uint32_t reps = (batch + s->sets - 1) / s->sets;
    const double scale = (double)batch / ((double)reps * s->sets);
    const int rc = exec_run(s->w->exec, reps, t, s->err, s->errlen);
    if (t->dev_ns >= 0) t->dev_ns *= scale;
    t->host_ns *= scale;
    return rc;
}

static int do_bench(struct worker *w, struct job *j)
{
    struct sample_ctx ctx = { w, 1, j->err, sizeof(j->err) };
    struct measure_opts opts = j->measure;
    opts.tick_ns = exec_caps(w->exec)->tick_ns;
    int rc = exec_compile(w->exec, j->plan, &j->compile_ns, j->err, sizeof(j->err));
    const double t0 = now_ns();
    if (rc == 0) rc = exec_load(w->exec, j->plan, j->stored, 1, j->err, sizeof(j->err));
    j->setup_ns = now_ns() - t0;
    if (rc == 0 && j->cache == CACHE_COLD)
        rc = cold_prepare(w->exec, j->plan, j->stored, take_sample, &ctx, &ctx.sets, j->err, sizeof(j->err));
    if (rc == 0) rc = measure(&opts, take_sample, &ctx, j->timing);
    j->run_ns = j->timing->first_ns;
    if (rc) return rc;
    rc = exec_fetch(w->exec, j->stored, j->out, j->inputs_too, j->err, sizeof(j->err));
    j->kernel_fault = rc == MXB_EINVAL;
    return rc;
}

static void do_job(struct worker *w, struct job *j)
{
    j->err[0] = 0;
    j->kernel_fault = false;
    switch (j->kind) {
    case JOB_PROBE:  j->rc = do_probe(w, j); break;
    case JOB_OPEN:   j->rc = do_open(w, j); break;
    case JOB_CHECK:  j->rc = do_check(w, j); break;
    case JOB_BENCH:  j->rc = do_bench(w, j); break;
    case JOB_COUNTS: j->counts = exec_counts(w->exec); j->rc = 0; break;
    }
}

/* Keeps only stdin/out/err and the socket: no database handle, no other worker's socket. */
static int keep_only(int fd)
{
    if (fd != 3 && dup2(fd, 3) < 0) return -1;
    syscall(SYS_close_range, 4u, ~0u, 0u);
    const int null = open("/dev/null", O_WRONLY);
    if (null >= 0) {
        dup2(null, 1);               /* what a driver prints must not mix with our output */
        close(null);
    }
    return 3;
}

static void serve(struct worker *w, int fd)
{
    struct job *j;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_IGN);         /* the parent decides */
    signal(SIGTERM, SIG_DFL);
    fd = keep_only(fd);
    while (read(fd, &j, sizeof(j)) == (ssize_t)sizeof(j) && j) {
        do_job(w, j);
        if (write(fd, &j, sizeof(j)) != (ssize_t)sizeof(j)) break;
    }
    exec_close(w->exec);
    _exit(0);
}

/* ---- parent side ---- */

int worker_start(const struct worker_opts *o, struct worker **out, char *err, size_t errlen)
{
    int fd[2];
    struct worker *w = calloc(1, sizeof(*w));
    if (!w) {
        snprintf(err, errlen, "out of memory");
        return MXB_ENOMEM;
    }
    w->opts = *o;
    w->fd = -1;
    *out = w;
    if (o->in_process) return 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd)) {
        snprintf(err, errlen, "socketpair: %s", strerror(errno));
        free(w);
        return MXB_EDEVICE;
    }
    fflush(NULL);
    w->pid = fork();
    if (w->pid == 0) {
        close(fd[0]);
        serve(w, fd[1]);
    }
    close(fd[1]);
    w->fd = fd[0];
    if (w->pid > 0) return 0;
    snprintf(err, errlen, "fork: %s", strerror(errno));
    close(fd[0]);
    free(w);
    return MXB_EDEVICE;
}

/* How the process ended, for people. */
static void describe_end(pid_t pid, char *err, size_t errlen)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (WIFSIGNALED(status)) snprintf(err, errlen, "SIG%s", sigabbrev_np(WTERMSIG(status)));
    else snprintf(err, errlen, "the worker ended with exit code %d", WEXITSTATUS(status));
}

static enum mxb_status wait_answer(struct worker *w, double timeout_s, char *err, size_t errlen)
{
    struct pollfd p = { .fd = w->fd, .events = POLLIN };
    const double end = now_ns() + timeout_s * 1e9;
    struct job *j;
    for (;;) {
        const double left_ms = (end - now_ns()) / 1e6;
        const int n = poll(&p, 1, left_ms > 0 ? (int)left_ms + 1 : 0);
        if (n > 0) break;
        if (run_interrupted) {
            worker_kill(w);
            snprintf(err, errlen, "interrupted");
            return ST_ERROR;
        }
        if (left_ms > 0) continue;
        worker_kill(w);
        snprintf(err, errlen, "no answer within %.0f s", timeout_s);
        return ST_TIMEOUT;
    }
    if (read(w->fd, &j, sizeof(j)) == (ssize_t)sizeof(j)) return ST_PASS;
    describe_end(w->pid, err, errlen);
    w->pid = -1;
    return ST_CRASHED;
}

enum mxb_status worker_call(struct worker *w, struct job *j, double timeout_s, char *err, size_t errlen)
{
    if (w->pid == 0) {
        do_job(w, j);
        return ST_PASS;
    }
    if (w->pid > 0 && send(w->fd, &j, sizeof(j), MSG_NOSIGNAL) == (ssize_t)sizeof(j))
        return wait_answer(w, timeout_s, err, errlen);
    if (w->pid > 0) describe_end(w->pid, err, errlen);
    else snprintf(err, errlen, "the worker is gone");
    w->pid = -1;
    return ST_CRASHED;
}

void worker_kill(struct worker *w)
{
    if (!w || w->pid <= 0) return;
    kill(w->pid, SIGKILL);
    while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR) continue;
    w->pid = -1;
}

void worker_stop(struct worker *w)
{
    if (!w) return;
    if (w->opts.in_process) exec_close(w->exec);
    if (w->pid > 0) {
        struct job *none = NULL;
        struct pollfd p = { .fd = w->fd, .events = POLLIN };
        if (send(w->fd, &none, sizeof(none), MSG_NOSIGNAL) > 0) poll(&p, 1, 5000);   /* readable = it has closed its end */
        worker_kill(w);
    }
    if (w->fd >= 0) close(w->fd);
    free(w);
}
