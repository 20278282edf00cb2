/* Going on with an aborted run, and what of it is finished. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/store_internal.h"

static const char *text(sqlite3_stmt *s, int column)
{
    const unsigned char *t = sqlite3_column_text(s, column);
    return t ? (const char *)t : "";
}

/* The one run that `run` names. */
static int find_run(struct store *st, const char *run, int64_t *id, char *err, size_t errlen)
{
    static const char by_uuid[] = "SELECT id FROM run WHERE substr(uuid, 1, length(?1)) = lower(?1) LIMIT 2";
    static const char by_age[] = "SELECT id FROM run WHERE ?1 = 'last' ORDER BY started_ns DESC, id DESC LIMIT 1";
    struct binder b = { 0 };
    int n = 0;
    b.rc = sqlite3_prepare_v2(st->db, strcmp(run, "last") == 0 ? by_age : by_uuid, -1, &b.stmt, NULL);
    bind_text(&b, run);
    int rc = b.rc;
    if (rc == SQLITE_OK)
        while ((rc = sqlite3_step(b.stmt)) == SQLITE_ROW && n++ == 0) *id = sqlite3_column_int64(b.stmt, 0);
    sqlite3_finalize(b.stmt);
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        return store_fail(st->db, st->path, rc, "cannot look for the run", err, errlen);
    if (n == 1 && *run) return 0;
    snprintf(err, errlen, "database '%s' has %s '%.40s'", st->path, n ? "several runs that begin with" : "no run", run);
    return MXB_EINVAL;
}

/* ---- may it be resumed? ---- */

/* The question is asked in SQL: the first condition that holds is the answer; '' = it may. */
static const char why_not_sql[] =
    "SELECT CASE"
    " WHEN state = 'complete' THEN 'is complete'"
    " WHEN state = 'running' THEN 'is still running, as process ' || pid"
    " WHEN machine_id <> ?2 THEN 'was made on another machine'"
    " WHEN env_id <> ?3 THEN 'was made in another environment: the operating system or compiler is a different one'"
    " WHEN binary_hash <> ?4 THEN 'was made by another build of mlxbench, ' || mlxbench_version || ' ' || vcs_commit"
    " WHEN suite_hash <> ?5 THEN 'had other suites, or they have changed since: ' || cmdline"
    " WHEN json_extract(config_json, '$.options.kernels') <> json_extract(?6, '$.options.kernels')"
    "   THEN 'had other kernels in --kernel-dir: they have changed since'"
    " WHEN ifnull(json_extract(config_json, '$.options'), '') <> ifnull(json_extract(?6, '$.options'), '')"
    "   THEN 'had other options: ' || cmdline"
    " ELSE '' END, uuid FROM run WHERE id = ?1";

static int check_run(struct store *st, int64_t id, int64_t env_id, const struct run_info *info, char uuid[37],
                     char *err, size_t errlen)
{
    struct binder b = { 0 };
    bool refused = false;
    b.rc = sqlite3_prepare_v2(st->db, why_not_sql, -1, &b.stmt, NULL);
    bind_int(&b, id);
    bind_int(&b, st->machine_id);
    bind_int(&b, env_id);
    bind_hash(&b, info->binary_hash);
    bind_hash(&b, info->suite_hash);
    bind_text(&b, info->config_json ? info->config_json : "{}");
    int rc = b.rc == SQLITE_OK ? sqlite3_step(b.stmt) : b.rc;
    if (rc == SQLITE_ROW) {
        snprintf(uuid, 37, "%s", text(b.stmt, 1));
        refused = *text(b.stmt, 0) != 0;
        if (refused) snprintf(err, errlen, "cannot resume: run %.8s %.400s", uuid, text(b.stmt, 0));
    }
    sqlite3_finalize(b.stmt);
    if (rc != SQLITE_ROW) return store_fail(st->db, st->path, rc, "cannot resume a run", err, errlen);
    return refused ? MXB_EINVAL : 0;
}

static int take_over(struct store *st, int64_t id)
{
    char boot[64];
    struct binder b = { 0 };
    store_boot_id(boot);
    b.rc = sqlite3_prepare_v2(st->db, "UPDATE run SET state = 'running', finished_ns = NULL, pid = ?, pid_start = ?,"
                              " boot_id = ? WHERE id = ?", -1, &b.stmt, NULL);
    bind_int(&b, getpid());
    bind_int(&b, store_process_start(getpid()));
    bind_text(&b, boot);
    bind_int(&b, id);
    const int rc = bind_run(&b, NULL);
    sqlite3_finalize(b.stmt);
    return rc;
}

/* ---- what is finished ---- */

static enum mxb_status status_of(const char *name)
{
    for (int s = 0; s < ST_COUNT; s++)
        if (strcmp(status_name((enum mxb_status)s), name) == 0) return (enum mxb_status)s;
    return ST_ERROR;
}

static int add_finished(struct store *st, sqlite3_stmt *s)
{
    if ((st->nfinished & (st->nfinished - 1)) == 0) {            /* full at every power of two */
        const size_t room = st->nfinished ? 2 * (size_t)st->nfinished : 1;
        struct finished *more = realloc(st->finished, room * sizeof *more);
        if (!more) return SQLITE_NOMEM;
        st->finished = more;
    }
    struct finished *f = &st->finished[st->nfinished];
    *f = (struct finished){ .case_id = strtoull(text(s, 0), NULL, 16),
                            .def_version = (uint32_t)sqlite3_column_int64(s, 1),
                            .device_id = sqlite3_column_int64(s, 2), .suite = strdup(text(s, 3)),
                            .status = status_of(text(s, 4)) };
    if (!f->suite) return SQLITE_NOMEM;
    st->nfinished++;
    return SQLITE_OK;
}

static int read_finished(struct store *st, int64_t run_id)
{
    struct binder b = { 0 };
    b.rc = sqlite3_prepare_v2(st->db, "SELECT hash, def_version, device_id, suite, status FROM result JOIN bench_case c"
                              " ON c.id = case_id WHERE run_id = ? ORDER BY hash, result.id", -1, &b.stmt, NULL);
    bind_int(&b, run_id);
    int rc = b.rc;
    while (rc == SQLITE_OK && (rc = sqlite3_step(b.stmt)) == SQLITE_ROW) rc = add_finished(st, b.stmt);
    sqlite3_finalize(b.stmt);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

void store_forget_finished(struct store *st)
{
    for (uint32_t i = 0; i < st->nfinished; i++) free(st->finished[i].suite);
    free(st->finished);
    st->finished = NULL;
    st->nfinished = 0;
}

static int exec(struct store *st, const char *sql) { return sqlite3_exec(st->db, sql, NULL, NULL, NULL); }

int store_resume(struct store *st, const char *run, const struct run_info *info, char uuid_out[37], char *err,
                 size_t errlen)
{
    int64_t id = 0, env_id = 0;
    int rc = find_run(st, run, &id, err, errlen);
    if (rc) return rc;
    int sql = exec(st, info->durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    if (sql == SQLITE_OK) sql = exec(st, "BEGIN IMMEDIATE");     /* so that of two who resume one is refused */
    if (sql == SQLITE_OK) sql = store_machine(st->db, &st->machine_id, &env_id);
    if (sql == SQLITE_OK) rc = check_run(st, id, env_id, info, uuid_out, err, errlen);
    if (sql == SQLITE_OK && rc == 0) sql = take_over(st, id);
    if (sql == SQLITE_OK && rc == 0) sql = read_finished(st, id);
    if (sql == SQLITE_OK && rc == 0) sql = exec(st, "COMMIT");
    if (sql == SQLITE_OK && rc == 0) {
        st->run_id = id;
        st->ndevice = 0;
        return 0;
    }
    if (rc == 0) rc = store_fail(st->db, st->path, sql, "cannot resume a run", err, errlen);
    if (!sqlite3_get_autocommit(st->db)) exec(st, "ROLLBACK");
    store_forget_finished(st);
    return rc;
}

/* First result of the case, or where it would be. */
static uint32_t lower_bound(const struct store *st, uint64_t case_id)
{
    uint32_t lo = 0, hi = st->nfinished;
    while (lo < hi) {
        const uint32_t mid = lo + (hi - lo) / 2;
        if (st->finished[mid].case_id < case_id) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

bool store_finished(struct store *st, const struct result_key *k, enum mxb_status *status)
{
    int64_t device_id;
    const uint32_t first = lower_bound(st, k->case_id);
    if (first == st->nfinished || st->finished[first].case_id != k->case_id) return false;
    if (store_device(st, k->backend, k->caps, &device_id)) return false;
    for (uint32_t i = first; i < st->nfinished && st->finished[i].case_id == k->case_id; i++) {
        struct finished *f = &st->finished[i];
        if (f->taken || f->def_version != k->def_version || f->device_id != device_id) continue;
        if (strcmp(f->suite, k->suite) != 0) continue;
        f->taken = true;
        *status = f->status;
        return true;
    }
    return false;
}

int store_run_args(struct store *st, const char *run, char **arg, uint32_t max, uint32_t *n, char *err, size_t errlen)
{
    struct binder b = { 0 };
    int64_t id = 0;
    *n = 0;
    int rc = find_run(st, run, &id, err, errlen);
    if (rc) return rc;
    b.rc = sqlite3_prepare_v2(st->db, "SELECT value FROM run, json_each(config_json, '$.args') WHERE run.id = ?"
                              " ORDER BY key", -1, &b.stmt, NULL);
    bind_int(&b, id);
    int sql = b.rc;
    while (sql == SQLITE_OK && *n < max && (sql = sqlite3_step(b.stmt)) == SQLITE_ROW)
        sql = (arg[*n] = strdup(text(b.stmt, 0))) != NULL ? ((*n)++, SQLITE_OK) : SQLITE_NOMEM;
    sqlite3_finalize(b.stmt);
    if ((sql == SQLITE_DONE || sql == SQLITE_OK) && *n) return 0;
    if (sql == SQLITE_DONE) {
        snprintf(err, errlen, "run '%.40s' does not say with which suites it was made: give them", run);
        return MXB_EINVAL;
    }
    return store_fail(st->db, st->path, sql, "cannot read the run", err, errlen);
}
