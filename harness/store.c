/* The results database: opening with all its refusals, and the life of a run. */
#include "harness/store.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/interrupt.h"
#include "harness/store_internal.h"
#include "harness/store_schema.h"

enum {
    BUSY_MS = 10000,                 /* how long to wait for another process */
    CHECK_BYTES = 8 << 20            /* databases up to this size are checked through on opening: some 20 ms */
};

int64_t store_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int store_fail(sqlite3 *db, const char *path, int rc, const char *what, char *err, size_t errlen)
{
    const char *why;
    switch (rc & 0xff) {                             /* without the extension */
    case SQLITE_FULL:     why = "no space left on the disk; what was stored before is safe"; break;
    case SQLITE_BUSY:     why = "another process has held it for 10 s"; break;
    case SQLITE_READONLY: why = "it is read-only"; break;
    case SQLITE_NOMEM:    why = "out of memory"; break;
    case SQLITE_MISMATCH: why = "a sample is not a time"; break;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:  why = "it is corrupt"; break;
    case SQLITE_IOERR:
        why = db && sqlite3_extended_errcode(db) == SQLITE_IOERR_WRITE
            ? "cannot write, for a limit on the size of files or a fault of the disk; what was stored before is safe"
            : "input/output error";
        break;
    default:              why = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc); break;
    }
    snprintf(err, errlen, "database '%s': %s: %s", path, what, why);
    const int kind = rc & 0xff;
    return kind == SQLITE_READONLY || kind == SQLITE_NOTADB || kind == SQLITE_CORRUPT ? MXB_EINVAL : MXB_EDB;
}

static int exec(struct store *st, const char *sql)
{
    return sqlite3_exec(st->db, sql, NULL, NULL, NULL);
}

/* ---- opening ---- */

/* After creation, because a database that is born in WAL mode has an empty header until its first checkpoint, and the
 * header is what store_check_file() goes by.  The switch does not always wait for others by itself. */
static int switch_to_wal(struct store *st)
{
    const struct timespec pause = { 0, 10 * 1000000 };
    const int64_t deadline = store_now_ns() + (int64_t)BUSY_MS * 1000000;
    int rc;
    while ((rc = exec(st, "PRAGMA journal_mode = WAL")) == SQLITE_BUSY && store_now_ns() < deadline)
        nanosleep(&pause, NULL);
    return rc;
}

/* The whole file if it is small, else only the root page and the table of tables. */
static int check_content(struct store *st, char *err, size_t errlen)
{
    struct stat file;
    sqlite3_stmt *s = NULL;
    const bool small = stat(st->path, &file) == 0 && file.st_size <= CHECK_BYTES;
    const char *const sql = small ? "PRAGMA quick_check(1)" : "SELECT 'ok' FROM sqlite_schema LIMIT 1";
    int rc = sqlite3_prepare_v2(st->db, sql, -1, &s, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(s);
    const char *verdict = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : "";
    if (rc == SQLITE_ROW && strcmp(verdict, "ok") == 0) rc = SQLITE_OK;
    else if (rc == SQLITE_ROW || rc == SQLITE_DONE) rc = SQLITE_CORRUPT;
    sqlite3_finalize(s);
    return rc ? store_fail(st->db, st->path, rc, "cannot open", err, errlen) : 0;
}

struct identity { long long id, version, tables; };

/* In one transaction: another process may be making the database at this moment, and half of it is nobody's. */
static int read_identity(struct store *st, struct identity *out)
{
    int rc = exec(st, "BEGIN");
    if (rc) return rc;
    out->id = schema_number(st->db, "PRAGMA application_id", -1);
    out->version = schema_number(st->db, "PRAGMA user_version", -1);
    out->tables = schema_number(st->db, "SELECT count(*) FROM sqlite_schema", -1);
    if (out->tables < 0) rc = sqlite3_errcode(st->db);
    const int end = exec(st, "COMMIT");
    return rc ? rc : end;
}

/* What the header said may be out of date: a write-ahead log or a rollback journal beside the file counts too. */
static int check_identity(struct store *st, bool create, char *err, size_t errlen)
{
    struct identity is;
    const int rc = read_identity(st, &is);
    if (rc) return store_fail(st->db, st->path, rc, "cannot open", err, errlen);
    if (is.id == 0 && is.version == 0 && is.tables == 0 && create) return 0;
    if (is.id != STORE_APPLICATION_ID) {
        snprintf(err, errlen, "database '%s' belongs to another application", st->path);
        return MXB_EINVAL;
    }
    if (is.version > schema_version) return store_too_new(st->path, is.version, err, errlen);
    return check_content(st, err, errlen);
}

static bool still_alive(int64_t pid, int64_t start)
{
    if (start) return store_process_start(pid) == start;     /* the number may belong to another process by now */
    return kill((pid_t)pid, 0) == 0 || errno == EPERM;
}

static int abort_if_dead(sqlite3_stmt *run, sqlite3_stmt *mark)
{
    char boot[64];
    store_boot_id(boot);
    const bool same_boot = strcmp((const char *)sqlite3_column_text(run, 3), boot) == 0;
    if (same_boot && still_alive(sqlite3_column_int64(run, 1), sqlite3_column_int64(run, 2))) return SQLITE_OK;
    struct binder b = { .stmt = mark };
    bind_int(&b, sqlite3_column_int64(run, 0));
    return bind_run(&b, NULL);
}

/* A run that says 'running' but whose process is gone was killed. */
static int abort_dead_runs(struct store *st)
{
    static const char find_sql[] = "SELECT id, pid, pid_start, boot_id FROM run WHERE state = 'running'";
    static const char mark_sql[] = "UPDATE run SET state = 'aborted' WHERE id = ?";
    sqlite3_stmt *find = NULL, *mark = NULL;
    if (schema_number(st->db, "SELECT count(*) FROM run WHERE state = 'running'", 0) == 0) return SQLITE_OK;
    int rc = exec(st, "BEGIN IMMEDIATE");
    if (rc) return rc;
    rc = sqlite3_prepare_v2(st->db, find_sql, -1, &find, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_prepare_v2(st->db, mark_sql, -1, &mark, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(find)) == SQLITE_ROW) rc = abort_if_dead(find, mark);
    sqlite3_finalize(find);
    sqlite3_finalize(mark);
    const int end = exec(st, rc == SQLITE_DONE ? "COMMIT" : "ROLLBACK");
    return rc == SQLITE_DONE ? end : rc;
}

void store_plain_path(const char *path, char *out, size_t n)
{
    const bool special = *path == ':' || strncmp(path, "file:", 5) == 0;
    snprintf(out, n, "%s%s", special ? "./" : "", path);
}

static int open_database(struct store *st, const char *path, bool create, bool fresh, char *err, size_t errlen)
{
    const size_t n = strlen(path) + 3;
    if (!(st->path = malloc(n))) return store_fail(NULL, path, SQLITE_NOMEM, "cannot open", err, errlen);
    store_plain_path(path, st->path, n);

    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
    int rc = sqlite3_open_v2(st->path, &st->db, flags, NULL);
    if (rc) return store_fail(st->db, path, rc, "cannot open", err, errlen);
    if (sqlite3_db_readonly(st->db, "main") == 1) {
        snprintf(err, errlen, "database '%s' is read-only", path);
        return MXB_EINVAL;
    }
    sqlite3_busy_timeout(st->db, BUSY_MS);
    if ((rc = check_identity(st, create, err, errlen)) != 0) return rc;
    if (fresh) exec(st, "PRAGMA page_size = 8192");  /* no effect once there are pages */
    if ((rc = schema_upgrade(st->db, path, schema_step, schema_version, err, errlen)) != 0) return rc;
    rc = switch_to_wal(st);
    /* A log of up to 32 MiB instead of 8: every checkpoint waits for the disk, and each commit logs some ten pages. */
    if (rc == SQLITE_OK) rc = exec(st, "PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 4000");
    if (rc == SQLITE_OK) rc = abort_dead_runs(st);
    return rc ? store_fail(st->db, path, rc, "cannot open", err, errlen) : 0;
}

static int stop(void *unused)
{
    (void)unused;
    return run_interrupted;
}

void store_watch_signals(sqlite3 *db) { sqlite3_progress_handler(db, 1000, stop, NULL); }

int store_in_place(const struct store *st, char *err, size_t errlen)
{
    int moved = 0;
    if (sqlite3_file_control(st->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK || !moved) return 0;
    snprintf(err, errlen, "database '%s': it was removed, renamed or replaced while results were stored in it", st->path);
    return MXB_EDB;
}

int store_open(const char *path, bool create, struct store **out, char *err, size_t errlen)
{
    bool fresh;
    *out = NULL;
    int rc = store_check_file(path, create, &fresh, err, errlen);
    if (rc) return rc;
    struct store *st = calloc(1, sizeof *st);
    if (!st) return store_fail(NULL, path, SQLITE_NOMEM, "cannot open", err, errlen);
    rc = open_database(st, path, create, fresh, err, errlen);
    if (rc) {
        store_close(st);
        return rc;
    }
    *out = st;
    return 0;
}

bool store_is_empty(const struct store *st)
{
    return schema_number(st->db, "SELECT EXISTS (SELECT 1 FROM run)", 1) == 0;
}

void store_close(struct store *st)
{
    if (!st) return;
    char ignored[MXB_ERRLEN];
    if (st->run_id) store_end(st, "aborted", ignored, sizeof ignored);
    for (int i = 0; i < STMT_COUNT; i++) sqlite3_finalize(st->stmt[i]);
    sqlite3_close(st->db);
    store_forget_finished(st);
    free(st->path);
    free(st);
}

/* ---- the life of a run ---- */

/* RFC 4122, version 4. */
static int make_uuid(char out[37])
{
    unsigned char b[16];
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b) return SQLITE_ERROR;
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    char *p = out;
    for (int i = 0; i < 16; i++) p += sprintf(p, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", b[i]);
    return SQLITE_OK;
}

static int add_run(struct store *st, const struct run_info *info, const char *uuid, int64_t env_id, int64_t *id)
{
    char boot[64];
    struct binder b = { 0 };
    b.rc = sqlite3_prepare_v2(st->db,
        "INSERT INTO run(uuid, started_ns, state, machine_id, env_id, mlxbench_version, vcs_commit, vcs_dirty, branch,"
        " binary_hash, suite_hash, cmdline, purpose, config_json, pid, pid_start, boot_id)"
        " VALUES(?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id", -1, &b.stmt, NULL);
    store_boot_id(boot);
    bind_text(&b, uuid);
    bind_int(&b, store_now_ns());
    bind_int(&b, st->machine_id);
    bind_int(&b, env_id);
    bind_text(&b, info->version);
    bind_text(&b, info->commit);
    bind_int(&b, info->dirty);
    bind_text(&b, info->branch);
    bind_hash(&b, info->binary_hash);
    bind_hash(&b, info->suite_hash);
    bind_text(&b, info->cmdline);
    bind_text(&b, info->purpose);
    bind_text(&b, info->config_json ? info->config_json : "{}");
    bind_int(&b, getpid());
    bind_int(&b, store_process_start(getpid()));
    bind_text(&b, boot);
    const int rc = bind_run(&b, id);
    sqlite3_finalize(b.stmt);
    return rc;
}

int store_begin(struct store *st, const struct run_info *info, char uuid_out[37], char *err, size_t errlen)
{
    int64_t env_id = 0, id = 0;
    assert(!st->run_id);                             /* one run at a time */
    int rc = make_uuid(uuid_out);
    if (rc == SQLITE_OK) rc = exec(st, info->durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    if (rc == SQLITE_OK) rc = exec(st, "BEGIN IMMEDIATE");
    if (rc == SQLITE_OK) rc = store_machine(st->db, &st->machine_id, &env_id);
    if (rc == SQLITE_OK) rc = add_run(st, info, uuid_out, env_id, &id);
    if (rc == SQLITE_OK) rc = exec(st, "COMMIT");
    if (rc == SQLITE_OK) {
        st->run_id = id;
        st->ndevice = 0;
        return 0;
    }
    store_fail(st->db, st->path, rc, "cannot begin a run", err, errlen);
    if (!sqlite3_get_autocommit(st->db)) exec(st, "ROLLBACK");
    return MXB_EDB;
}

int store_end(struct store *st, const char *state, char *err, size_t errlen)
{
    assert(strcmp(state, "complete") == 0 || strcmp(state, "aborted") == 0);
    assert(st->run_id);
    struct binder b = { 0 };
    b.rc = sqlite3_prepare_v2(st->db, "UPDATE run SET state = ?, finished_ns = ? WHERE id = ?", -1, &b.stmt, NULL);
    bind_text(&b, state);
    bind_int(&b, store_now_ns());
    bind_int(&b, st->run_id);
    const int rc = bind_run(&b, NULL);
    sqlite3_finalize(b.stmt);
    st->run_id = 0;
    return rc ? store_fail(st->db, st->path, rc, "cannot end the run", err, errlen) : store_in_place(st, err, errlen);
}
