/* Starts an mlxbench program and reads its rows (arm.h).  SQLite, which is linked in anyway, parses the JSON. */
#include "harness/arm.h"

#include <errno.h>
#include <poll.h>
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

static int start(const char *const *argv, struct process *p, char *err, size_t errlen)
{
    int out[2] = { -1, -1 }, bad[2] = { -1, -1 };
    *p = (struct process){ -1, -1, -1 };
    fflush(NULL);
    if (pipe(out) == 0 && pipe(bad) == 0) p->pid = fork();
    if (p->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out[1], STDOUT_FILENO);
        dup2(bad[1], STDERR_FILENO);
        for (int i = 0; i < 2; i++) {
            close(out[i]);
            close(bad[i]);
        }
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
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

/* Both streams to their ends.  False: interrupted or out of time, and the process was told to end. */
static bool collect(struct process *p, double deadline, struct text *out, struct text *bad)
{
    struct pollfd fd[2] = { { p->out, POLLIN, 0 }, { p->err, POLLIN, 0 } };
    bool intact = true;
    while (fd[0].fd >= 0 || fd[1].fd >= 0) {
        if (intact && (run_interrupted || now_ns() > deadline)) {
            intact = false;
            kill(p->pid, run_interrupted ? SIGTERM : SIGKILL);
        }
        if (poll(fd, 2, POLL_MS) <= 0) continue;
        if (fd[0].fd >= 0 && fd[0].revents && !drain(p->out, out)) fd[0].fd = -1;
        if (fd[1].fd >= 0 && fd[1].revents && !drain(p->err, bad)) fd[1].fd = -1;
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

enum column { SUMMARY, RUN, STATUS, LABEL, DEVICE, DRIVER, IMPL, TILE, CLOCK, REASON, REPRO, MEDIAN, KERNEL, NOISE };
#define FIELD(path) ", json_extract(?1, '$." path "')"
static const char row_sql[] =
    "SELECT json_extract(?1, '$.summary') IS NOT NULL" FIELD("summary.run") FIELD("status") FIELD("device_label")
    FIELD("device") FIELD("driver") FIELD("impl") FIELD("tile") FIELD("clock") FIELD("reason") FIELD("repro")
    FIELD("median_ns") FIELD("kernel_ns") FIELD("noise");

static void copy_text(sqlite3_stmt *s, enum column c, char *out, size_t n)
{
    const char *text = (const char *)sqlite3_column_text(s, (int)c);
    snprintf(out, n, "%s", text ? text : "");
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

/* ---- both ---- */

static void make_argv(const struct arm *arm, const struct arm_job *job, char plant[32], const char **argv)
{
    uint32_t n = 0;
    argv[n++] = arm->program;
    argv[n++] = "run";
    for (uint32_t i = 0; i < job->nword && n < MAX_WORDS; i++) argv[n++] = job->word[i];
    argv[n++] = "--format";
    argv[n++] = "json";
    for (uint32_t i = 0; i < job->noption && n < MAX_WORDS; i++) argv[n++] = job->option[i];
    if (arm->kernel_dir) {
        argv[n++] = "--kernel-dir";
        argv[n++] = arm->kernel_dir;
    }
    if (arm->plant >= 0) {
        snprintf(plant, 32, "%g", 100 * arm->plant);
        argv[n++] = "--plant";
        argv[n++] = plant;
    }
    argv[n] = NULL;
}

int arm_run(const struct arm *arm, const struct arm_job *job, struct arm_answer *a, char *err, size_t errlen)
{
    const char *argv[MAX_WORDS + 16];
    struct text out = { 0 }, bad = { 0 };
    struct process p;
    char plant[32];
    memset(a, 0, sizeof *a);
    if (access(arm->program, X_OK)) {
        snprintf(err, errlen, "cannot run '%s': %s", arm->program, strerror(errno));
        return MXB_ENOENT;
    }
    make_argv(arm, job, plant, argv);
    const double t0 = now_ns();
    int rc = start(argv, &p, err, errlen);
    if (rc) return rc;
    const bool intact = collect(&p, t0 + job->timeout_s * 1e9, &out, &bad);
    a->exit_code = end(&p);
    a->wall_ns = now_ns() - t0;
    if (bad.s) snprintf(a->complaint, sizeof a->complaint, "%.*s", (int)strcspn(bad.s, "\n"), bad.s);
    if (!intact) {
        snprintf(err, errlen, run_interrupted ? "interrupted" : "%s did not end within %.0f s", arm->program,
                 job->timeout_s);
        rc = MXB_EDEVICE;
    }
    if (rc == 0) rc = read_rows(arm->program, &out, a, err, errlen);
    free(out.s);
    free(bad.s);
    if (rc) arm_free(a);
    return rc;
}

void arm_free(struct arm_answer *a)
{
    free(a->row);
    a->row = NULL;
    a->nrow = 0;
}
