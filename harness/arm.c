/* Starts an mlxbench program and reads its rows (arm.h).  SQLite, which is linked in anyway, parses the JSON. */
#include "harness/arm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/interrupt.h"
#include "harness/mxb_types.h"
#include "harness/turn.h"

enum { MAX_WORDS = 160, POLL_MS = 200 };

struct text { char *s; size_t n, cap; };

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* ---- the process ---- */

struct process { pid_t pid; int out, err; };

static void become(const char *const *argv, const struct arm_job *job, const int out[2], const int bad[2])
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out[1], STDOUT_FILENO);
    dup2(bad[1], STDERR_FILENO);
    if (job->turn_fd) fcntl(job->turn_fd, F_SETFD, 0);
    if (job->processor) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET((size_t)job->processor - 1, &one);
        sched_setaffinity(0, sizeof one, &one);
    }
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static int start(const char *const *argv, const struct arm_job *job, struct process *p, char *err, size_t errlen)
{
    int out[2] = { -1, -1 }, bad[2] = { -1, -1 };
    *p = (struct process){ -1, -1, -1 };
    fflush(NULL);
    if (pipe2(out, O_CLOEXEC) == 0 && pipe2(bad, O_CLOEXEC) == 0) p->pid = fork();
    if (p->pid == 0) become(argv, job, out, bad);
    const int why = errno;
    if (out[1] >= 0) close(out[1]);
    if (bad[1] >= 0) close(bad[1]);
    p->out = out[0];
    p->err = bad[0];
    if (p->pid > 0) return 0;
    snprintf(err, errlen, "cannot start %s: %s", argv[0], strerror(why));
    if (p->out >= 0) close(p->out);
    if (p->err >= 0) close(p->err);
    return MXB_EDEVICE;
}

/* Reads what there is; false at the end of the stream. */
static bool drain(int fd, struct text *t)
{
    if (t->n + 65536 + 1 > t->cap) {
        char *more = realloc(t->s, 2 * t->cap + 65536 + 1);
        if (!more) return false;
        t->s = more;
        t->cap = 2 * t->cap + 65536 + 1;
    }
    const ssize_t n = read(fd, t->s + t->n, t->cap - t->n - 1);
    if (n < 0) return errno == EINTR;
    t->n += (size_t)n;
    t->s[t->n] = 0;
    return n > 0;
}

struct running { struct process p; struct text out, bad; };

/* All streams to their ends.  False: interrupted or out of time, and the processes were told to end. */
static bool collect(struct running *r, uint32_t n, double deadline)
{
    struct pollfd fd[4];
    uint32_t open = 2 * n;
    bool intact = true;
    for (uint32_t i = 0; i < 2 * n; i++) fd[i] = (struct pollfd){ i % 2 ? r[i / 2].p.err : r[i / 2].p.out, POLLIN, 0 };
    while (open > 0) {
        if (intact && (run_interrupted || now_ns() > deadline)) {
            intact = false;
            for (uint32_t i = 0; i < n; i++) kill(r[i].p.pid, run_interrupted ? SIGTERM : SIGKILL);
        }
        if (poll(fd, 2 * n, POLL_MS) <= 0) continue;
        for (uint32_t i = 0; i < 2 * n; i++) {
            if (fd[i].fd < 0 || !fd[i].revents || drain(fd[i].fd, i % 2 ? &r[i / 2].bad : &r[i / 2].out)) continue;
            fd[i].fd = -1;
            open--;
        }
    }
    return intact;
}

static int end(struct process *p)
{
    int status = 0;
    close(p->out);
    close(p->err);
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR) continue;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- the rows ---- */

enum column { SUMMARY, RUN, STATUS, LABEL, DEVICE, DRIVER, IMPL, TILE, CLOCK, REASON, REPRO, MEDIAN, KERNEL, NOISE,
              TURNS };
#define FIELD(path) ", json_extract(?1, '$." path "')"
static const char row_sql[] =
    "SELECT json_extract(?1, '$.summary') IS NOT NULL" FIELD("summary.run") FIELD("status") FIELD("device_label")
    FIELD("device") FIELD("driver") FIELD("impl") FIELD("tile") FIELD("clock") FIELD("reason") FIELD("repro")
    FIELD("median_ns") FIELD("kernel_ns") FIELD("noise") FIELD("turn_ns");

static void copy_text(sqlite3_stmt *s, enum column c, char *out, size_t n)
{
    const char *text = (const char *)sqlite3_column_text(s, (int)c);
    snprintf(out, n, "%s", text ? text : "");
}

/* "[1.5,2]", or nothing. */
static void read_turns(const char *text, struct arm_row *r)
{
    char *end;
    for (r->nturn = 0; text && (*text == '[' || *text == ',') && r->nturn < MEASURE_MAX_TURNS; text = end) {
        const double ns = strtod(text + 1, &end);
        if (!(ns > 0)) break;
        r->turn_ns[r->nturn++] = ns;
    }
}

static int add_row(sqlite3_stmt *s, struct arm_answer *a)
{
    struct arm_row *more = realloc(a->row, (a->nrow + 1) * sizeof *more);
    if (!more) return MXB_ENOMEM;
    a->row = more;
    struct arm_row *r = &a->row[a->nrow++];
    copy_text(s, STATUS, r->status, sizeof r->status);
    copy_text(s, LABEL, r->label, sizeof r->label);
    copy_text(s, DEVICE, r->device, sizeof r->device);
    copy_text(s, DRIVER, r->driver, sizeof r->driver);
    copy_text(s, IMPL, r->impl, sizeof r->impl);
    copy_text(s, TILE, r->tile, sizeof r->tile);
    copy_text(s, CLOCK, r->clock, sizeof r->clock);
    copy_text(s, REASON, r->reason, sizeof r->reason);
    copy_text(s, REPRO, r->repro, sizeof r->repro);
    r->median_ns = sqlite3_column_double(s, MEDIAN);
    r->kernel_ns = sqlite3_column_double(s, KERNEL);
    r->noise = (uint32_t)sqlite3_column_int64(s, NOISE);
    read_turns((const char *)sqlite3_column_text(s, TURNS), r);
    return 0;
}

/* One line; MXB_EPARSE: not JSON, or neither a row nor the summary. */
static int read_line(sqlite3_stmt *s, const char *line, size_t len, struct arm_answer *a)
{
    sqlite3_reset(s);
    sqlite3_bind_text(s, 1, line, (int)len, SQLITE_STATIC);
    if (sqlite3_step(s) != SQLITE_ROW) return MXB_EPARSE;
    if (sqlite3_column_type(s, STATUS) == SQLITE_TEXT) return add_row(s, a);
    if (!sqlite3_column_int(s, SUMMARY)) return MXB_EPARSE;
    copy_text(s, RUN, a->run_uuid, sizeof a->run_uuid);
    return 0;
}

static int read_rows(const char *program, const struct text *out, struct arm_answer *a, char *err, size_t errlen)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_open(":memory:", &db) || sqlite3_prepare_v2(db, row_sql, -1, &s, NULL) ? MXB_ENOMEM : 0;
    for (const char *line = out->s ? out->s : "", *next; *line && rc == 0; line = next) {
        const size_t len = strcspn(line, "\n");
        next = line + len + (line[len] == '\n');
        if (len) rc = read_line(s, line, len, a);
        if (rc == MXB_EPARSE)
            snprintf(err, errlen, "%s does not print rows of JSON: '%.*s'", program, (int)(len < 60 ? len : 60), line);
    }
    if (rc == MXB_ENOMEM) snprintf(err, errlen, "out of memory");
    sqlite3_finalize(s);
    sqlite3_close(db);
    return rc;
}

/* ---- all ---- */

struct words { const char *argv[MAX_WORDS + 20]; char plant[32], turns[16]; };

static void make_argv(const struct arm *arm, const struct arm_job *job, struct words *w)
{
    uint32_t n = 0;
    w->argv[n++] = arm->program;
    w->argv[n++] = "run";
    for (uint32_t i = 0; i < job->nword && n < MAX_WORDS; i++) w->argv[n++] = job->word[i];
    w->argv[n++] = "--format";
    w->argv[n++] = "json";
    for (uint32_t i = 0; i < job->noption && n < MAX_WORDS; i++) w->argv[n++] = job->option[i];
    if (arm->kernel_dir) {
        w->argv[n++] = "--kernel-dir";
        w->argv[n++] = arm->kernel_dir;
    }
    if (arm->plant >= 0) {
        snprintf(w->plant, sizeof w->plant, "%g", 100 * arm->plant);
        w->argv[n++] = "--plant";
        w->argv[n++] = w->plant;
    }
    if (job->turn_fd) {
        snprintf(w->turns, sizeof w->turns, "%d", job->turn_fd);
        w->argv[n++] = "--turns";
        w->argv[n++] = w->turns;
    }
    w->argv[n] = NULL;
}

static int begin(const struct arm *arm, const struct arm_job *job, struct running *r, char *err, size_t errlen)
{
    struct words w;
    *r = (struct running){ .p = { -1, -1, -1 } };
    if (access(arm->program, X_OK)) {
        snprintf(err, errlen, "cannot run '%s': %s", arm->program, strerror(errno));
        return MXB_ENOENT;
    }
    make_argv(arm, job, &w);
    return start(w.argv, job, &r->p, err, errlen);
}

static int finish(struct running *r, const struct arm *arm, bool intact, struct arm_answer *a, char *err, size_t errlen)
{
    a->exit_code = end(&r->p);
    if (r->bad.s) snprintf(a->complaint, sizeof a->complaint, "%.*s", (int)strcspn(r->bad.s, "\n"), r->bad.s);
    const int rc = intact ? read_rows(arm->program, &r->out, a, err, errlen) : MXB_EDEVICE;
    free(r->out.s);
    free(r->bad.s);
    if (rc) arm_free(a);
    return rc;
}

static int late(const char *program, double timeout_s, char *err, size_t errlen)
{
    snprintf(err, errlen, run_interrupted ? "interrupted" : "%s did not end within %.0f s", program, timeout_s);
    return MXB_EDEVICE;
}

int arm_run(const struct arm *arm, const struct arm_job *job, struct arm_answer *a, char *err, size_t errlen)
{
    struct running r;
    memset(a, 0, sizeof *a);
    const double t0 = now_ns();
    const int rc = begin(arm, job, &r, err, errlen);
    if (rc) return rc;
    const bool intact = collect(&r, 1, t0 + job->timeout_s * 1e9);
    a->wall_ns = now_ns() - t0;
    if (!intact) late(arm->program, job->timeout_s, err, errlen);
    return finish(&r, arm, intact, a, err, errlen);
}

int arm_run_both(const struct arm *const arm[2], const struct arm_job job[2], int first, struct arm_answer a[2],
                 char *err, size_t errlen)
{
    struct arm_job with[2] = { job[0], job[1] };
    struct running r[2];
    int fd[2];
    memset(a, 0, 2 * sizeof *a);
    if (turn_make(fd, first)) {
        snprintf(err, errlen, "cannot make a socket: %s", strerror(errno));
        return MXB_EDEVICE;
    }
    with[0].turn_fd = fd[0];
    with[1].turn_fd = fd[1];
    const double t0 = now_ns();
    int rc = begin(arm[first], &with[first], &r[first], err, errlen);
    const bool one = rc == 0;
    if (one) rc = begin(arm[!first], &with[!first], &r[!first], err, errlen);
    close(fd[0]);                    /* or the end of the one would not wake the other */
    close(fd[1]);
    if (rc) {
        struct arm_answer ignored = { 0 };
        char also[MXB_ERRLEN];
        if (one) kill(r[first].p.pid, SIGKILL);
        if (one) finish(&r[first], arm[first], false, &ignored, also, sizeof also);
        return rc;
    }
    const bool intact = collect(r, 2, t0 + job->timeout_s * 1e9);
    a[0].wall_ns = a[1].wall_ns = now_ns() - t0;
    if (!intact) late(arm[0]->program, job->timeout_s, err, errlen);
    for (int i = 0; i < 2; i++) {
        const int failed = finish(&r[i], arm[i], intact, &a[i], err, errlen);
        if (rc == 0) rc = failed;
    }
    if (rc) arm_free(&a[0]);
    if (rc) arm_free(&a[1]);
    return rc;
}

void arm_free(struct arm_answer *a)
{
    free(a->row);
    a->row = NULL;
    a->nrow = 0;
}
