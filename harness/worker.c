/* Worker processes (worker.h).
 *
 * Parent and worker exchange `struct note` over a socket pair: a pointer to a job there, the same pointer back when
 * it is done.  That works because a worker is a fork of the parent: the same build, the arena at the same address.
 * A note of another build, out of turn, or of another length is refused. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "harness/interrupt.h"
#include "harness/note.h"
#include "harness/provenance.h"
#include "harness/source.h"
#include "harness/worker.h"
#include "harness/worker_limits.h"

enum { PROTOCOL = 1,                 /* of struct note and struct job */
       STOP_MS = 5000,               /* for closing a device */
       DEATH_MS = 5000,              /* from SIGKILL, or a closed channel, to the end of the process */
       TALK_BYTES = 1 << 16 };       /* what is let through of a worker's stderr per job: a pipe's usual size */

struct worker {
    struct worker_opts opts;
    struct job_host host;            /* in process only */
    pid_t pid;                       /* 0 = in process, -1 = gone */
    int fd, pidfd;                   /* our end of the socket pair; readable when the worker has ended */
    int talk;                        /* our end of the pipe that is its stderr */
    char last[160];                  /* line of it */
    uint64_t build, serial;
};

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t build_id(void)
{
    char text[256];
    snprintf(text, sizeof(text), "%d %s %s %d %zu %zu", PROTOCOL, MXB_VERSION, MXB_COMMIT, MXB_DIRTY,
             sizeof(struct job), sizeof(struct answer));
    return source_hash(text);
}

static struct job_host new_host(const struct worker_opts *o)
{
    return (struct job_host){ .backend = o->backend, .open = o->open, .overlay = o->overlay, .turn_fd = o->turn_fd };
}

/* ---- worker side ---- */

static void serve(const struct worker *w, pid_t parent, int fd, int talk)
{
    const struct arena *a = w->opts.arena;
    struct job_host host = new_host(&w->opts);
    struct note n;
    host.opened = worker_restrain;
    fd = worker_isolate(parent, fd, talk, &host.turn_fd);
    if (w->opts.temp_dir) setenv("TMPDIR", w->opts.temp_dir, 1);
    worker_hide_shared(a->base);
    if (mprotect(a->base, a->size, PROT_READ)) _exit(1);
    for (uint64_t serial = 1; read(fd, &n, sizeof(n)) == (ssize_t)sizeof(n); serial++) {
        if (n.build != w->build || n.serial != serial || !n.job) break;
        struct job *j = n.job;
        if (mprotect(j->window, j->window_bytes, PROT_READ | PROT_WRITE)) break;
        job_do(&host, j);
        if (mprotect(j->window, j->window_bytes, PROT_READ)) break;
        if (write(fd, &n, sizeof(n)) != (ssize_t)sizeof(n)) break;
    }
    exec_close(host.exec);
    _exit(0);
}

/* ---- parent side ---- */

/* The worker's end does not block: what a chatty driver says beyond the pipe's room is lost. */
static int make_channels(int fd[2], int talk[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd)) return -1;
    if (pipe2(talk, O_CLOEXEC | O_NONBLOCK) == 0) return 0;
    close(fd[0]);
    close(fd[1]);
    return -1;
}

static int fork_worker(struct worker *w, char *err, size_t errlen)
{
    const pid_t parent = getpid();
    int fd[2], talk[2];
    if (make_channels(fd, talk)) {
        snprintf(err, errlen, "socketpair: %s", strerror(errno));
        return MXB_EDEVICE;
    }
    fflush(NULL);
    w->pid = fork();
    if (w->pid == 0) serve(w, parent, fd[1], talk[1]);
    if (w->pid < 0) snprintf(err, errlen, "fork: %s", strerror(errno));
    close(fd[1]);
    close(talk[1]);
    w->fd = fd[0];
    w->talk = talk[0];
    if (w->pid < 0) return MXB_EDEVICE;
    guardian_watch(w->opts.guardian, w->pid);
    setpgid(w->pid, w->pid);         /* here too: worker_kill() may come before the worker has done it */
    w->pidfd = (int)syscall(SYS_pidfd_open, w->pid, 0);      /* -1 on an old system: then the socket alone must tell */
    return 0;
}

int worker_start(const struct worker_opts *o, struct worker **out, char *err, size_t errlen)
{
    struct worker *w = calloc(1, sizeof(*w));
    *out = NULL;
    if (!w) {
        snprintf(err, errlen, "out of memory");
        return MXB_ENOMEM;
    }
    *w = (struct worker){ .opts = *o, .host = new_host(o), .fd = -1, .pidfd = -1, .talk = -1, .build = build_id() };
    const int rc = o->in_process ? 0 : fork_worker(w, err, errlen);
    if (rc) worker_stop(w);
    else *out = w;
    return rc;
}

/* Passes on what the worker has written to stderr, and remembers the last line. */
static void listen_to(struct worker *w)
{
    char text[4096];
    size_t heard = 0, at = 0;
    for (ssize_t n; heard < TALK_BYTES && (n = read(w->talk, text, sizeof(text))) > 0; heard += (size_t)n) {
        fwrite(text, 1, (size_t)n, stderr);
        for (ssize_t i = 0; i < n; i++) {
            if (text[i] == '\n') at = 0;
            else if (at + 1 < sizeof(w->last)) w->last[at++] = (unsigned char)text[i] < ' ' ? '?' : text[i];
            if (text[i] != '\n') w->last[at] = 0;
        }
    }
}

/* Waits for the end of the process; false if it has not ended in time. */
static bool ended_within(const struct worker *w, int ms)
{
    struct pollfd p = { .fd = w->pidfd, .events = POLLIN };
    const double end = now_ns() + ms * 1e6;
    for (;;) {
        siginfo_t info = { 0 };
        if (waitid(P_PID, (id_t)w->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid) return true;
        const double left_ms = (end - now_ns()) / 1e6;
        if (left_ms <= 0) return false;
        poll(&p, 1, w->pidfd < 0 && left_ms > 10 ? 10 : (int)left_ms + 1);
    }
}

/* The group goes first: its number stays ours as long as the worker is not reaped.  A process that hangs inside the
 * kernel cannot be killed; it is left behind, or the run would hang with it. */
static int reap(struct worker *w)
{
    int status = 0;
    kill(-w->pid, SIGKILL);
    kill(w->pid, SIGKILL);
    guardian_forget(w->opts.guardian, w->pid);
    if (ended_within(w, DEATH_MS)) waitpid(w->pid, &status, 0);
    w->pid = -1;
    return status;
}

/* How a process that has closed its channel ended, for people. */
static void describe_end(struct worker *w, const struct job *j, char *err, size_t errlen)
{
    const bool by_itself = ended_within(w, DEATH_MS);
    const int status = reap(w), sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    const char *where = j ? job_phase_text(j) : "";
    if (!by_itself) snprintf(err, errlen, "the worker closed its channel%s", where);
    else if (sig == SIGKILL) snprintf(err, errlen, "SIGKILL%s (out of memory?)", where);
    else if (sig && sigabbrev_np(sig)) snprintf(err, errlen, "SIG%s%s", sigabbrev_np(sig), where);
    else if (sig) snprintf(err, errlen, "signal %d%s", sig, where);
    else snprintf(err, errlen, "the worker ended with exit code %d%s", WEXITSTATUS(status), where);
    w->last[0] = 0;
    listen_to(w);
    const size_t n = strlen(err);
    if (*w->last) snprintf(err + n, errlen - n, ": %s", w->last);
}

/* Waits until the worker has answered or ended, a signal has come (-1), or the time is over (0).  Signals are let in
 * only while waiting, so that none can slip in between the look at run_interrupted and the wait. */
static int wait_for(const struct worker *w, double timeout_ms)
{
    struct pollfd p[2] = { { .fd = w->fd, .events = POLLIN }, { .fd = w->pidfd, .events = POLLIN } };
    const time_t s = (time_t)(timeout_ms / 1e3);
    const struct timespec t = { s, (long)((timeout_ms - (double)s * 1e3) * 1e6) };
    sigset_t block, old;
    int n = -1;
    sigemptyset(&block);
    sigaddset(&block, SIGINT);
    sigaddset(&block, SIGTERM);
    sigaddset(&block, SIGHUP);
    sigprocmask(SIG_BLOCK, &block, &old);
    if (!run_interrupted) n = ppoll(p, 2, &t, &old);
    sigprocmask(SIG_SETMASK, &old, NULL);
    return n;
}

static enum mxb_status read_answer(struct worker *w, struct job *j, char *err, size_t errlen)
{
    const struct note asked = { w->build, w->serial, j };
    struct note n;
    const ssize_t got = recv(w->fd, &n, sizeof(n), MSG_DONTWAIT | MSG_TRUNC);
    if (got <= 0) {
        describe_end(w, j, err, errlen);
        return ST_CRASHED;
    }
    const bool whole = note_answers(&n, (size_t)got, &asked);
    listen_to(w);
    if (whole && job_answered(j)) return ST_PASS;
    const char *what = whole ? "the worker's answer makes no sense" : "the worker wrote garbage into its channel";
    snprintf(err, errlen, "%s%s", what, job_phase_text(j));
    worker_kill(w);
    return ST_CRASHED;
}

static enum mxb_status wait_answer(struct worker *w, struct job *j, double timeout_s, char *err, size_t errlen)
{
    const double end = now_ns() + timeout_s * 1e9;
    for (;;) {
        const double left_ms = (end - now_ns()) / 1e6;
        if (wait_for(w, left_ms > 0 ? left_ms : 0) > 0) return read_answer(w, j, err, errlen);
        if (run_interrupted) {
            worker_kill(w);
            snprintf(err, errlen, "interrupted");
            return ST_ERROR;
        }
        if (left_ms > 0) continue;
        snprintf(err, errlen, "no answer within %g s%s", timeout_s, job_phase_text(j));
        worker_kill(w);
        listen_to(w);
        return ST_TIMEOUT;
    }
}

enum mxb_status worker_call(struct worker *w, struct job *j, double timeout_s, char *err, size_t errlen)
{
    const struct note n = { w->build, ++w->serial, j };
    if (w->pid == 0 && run_interrupted) {
        snprintf(err, errlen, "interrupted");
        return ST_ERROR;
    }
    if (w->pid == 0) {
        job_do(&w->host, j);
        return ST_PASS;
    }
    enum mxb_status st = ST_CRASHED;
    if (w->pid > 0 && send(w->fd, &n, sizeof(n), MSG_NOSIGNAL) == (ssize_t)sizeof(n))
        st = wait_answer(w, j, timeout_s + j->budget_s, err, errlen);
    else if (w->pid > 0) describe_end(w, NULL, err, errlen);
    else snprintf(err, errlen, "the worker is gone");
    if (st != ST_PASS) job_disown(j);
    return st;
}

void worker_kill(struct worker *w)
{
    if (w && w->pid > 0) reap(w);
}

void worker_stop(struct worker *w)
{
    if (!w) return;
    if (w->opts.in_process) exec_close(w->host.exec);
    if (w->pid > 0) {
        const struct note end = { w->build, w->serial + 1, NULL };
        if (send(w->fd, &end, sizeof(end), MSG_NOSIGNAL) > 0) ended_within(w, STOP_MS);
        reap(w);
        listen_to(w);
    }
    if (w->fd >= 0) close(w->fd);
    if (w->pidfd >= 0) close(w->pidfd);
    if (w->talk >= 0) close(w->talk);
    free(w);
}
