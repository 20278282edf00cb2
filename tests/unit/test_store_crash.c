/* Tests of the results database against several processes, SIGKILL and a full disk. */
#include "store_fixture.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "harness/store_internal.h"

static struct measurement round_data[2];

/* A timed result of two rounds; in a child process failures must not return into the test runner. */
static int store_one(struct store *st, uint64_t id)
{
    struct result_row r = row_of(id);
    r.round = round_data;
    r.nround = 2;
    r.median_ns = 1e3;
    return store_result(st, &r, err, sizeof err);
}

static void make_rounds(void)
{
    fill_round(&round_data[0], 'd', 120, 50e3, 1);
    fill_round(&round_data[1], 'h', 60, 50e3, 2);
}

static void sound(void)
{
    expect_sql("PRAGMA integrity_check", "ok");
    expect_sql("SELECT count(*) FROM pragma_foreign_key_check", "0");
    /* Whole results only: two rounds and three blobs each. */
    expect_sql("SELECT count(*) FROM result r WHERE (SELECT count(*) FROM round WHERE result_id = r.id) <> nround",
               "0");
    expect_sql("SELECT (SELECT count(*) FROM sample_blob) - 3 * (SELECT count(*) FROM result)", "0");
}

static int exit_code(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Under load the other process may hold the database for longer than a store waits: so this waits as long as it takes.
 * A store that gives up at once has not waited, which is a fault. */
static int open_patiently(struct store **st)
{
    for (;;) {
        const time_t since = time(NULL);
        const int rc = store_open(db, true, st, err, sizeof err);
        if (rc == 0) sqlite3_busy_timeout((*st)->db, INT_MAX);
        if (!(rc == MXB_EDB && strstr(err, "another process has held it for 10 s") && time(NULL) - since >= 9)) return rc;
    }
}

/* Both create, begin, store and end at the same time. */
static void two_at_once(void **unused)
{
    (void)unused;
    enum { EACH = 60 };
    make_rounds();
    pid_t child[2];
    for (int k = 0; k < 2; k++) {
        if ((child[k] = fork()) != 0) continue;
        struct store *st;
        int rc = open_patiently(&st);
        if (rc == 0) rc = store_begin(st, &info, uuid, err, sizeof err);
        for (uint64_t i = 0; i < EACH && rc == 0; i++) rc = store_one(st, i);    /* the same cases in both */
        if (rc == 0) rc = store_end(st, "complete", err, sizeof err);
        if (rc) fprintf(stderr, "%s\n", err);
        _exit(rc != 0);
    }
    assert_int_equal(exit_code(child[0]), 0);
    assert_int_equal(exit_code(child[1]), 0);
    sound();
    expect_sql("SELECT group_concat(n) FROM (SELECT count(*) AS n FROM result GROUP BY run_id)", "60,60");
    expect_sql("SELECT count(*) FROM bench_case", "60");
    expect_sql("SELECT count(*) FROM device", "1");
    expect_sql("SELECT group_concat(state) FROM run", "complete,complete");
    expect_sql("SELECT count(*) FROM migration", schema_now());
}

/* Another process makes the database between two looks at it: the second look must not find a stranger's. */
static int make_meanwhile(unsigned type, void *done, void *stmt, void *text)
{
    (void)type, (void)stmt;
    sqlite3 *other;
    char ignored[MXB_ERRLEN];
    if (*(bool *)done || strcmp(text, "PRAGMA user_version") != 0) return 0;
    *(bool *)done = true;
    assert_int_equal(sqlite3_open(db, &other), SQLITE_OK);
    schema_upgrade(other, db, schema_step, schema_version, ignored, sizeof ignored);     /* or finds it locked */
    sqlite3_close(other);
    return 0;
}

static bool made_meanwhile;

static int watch_connection(sqlite3 *connection, char **unused, const struct sqlite3_api_routines *api)
{
    (void)unused, (void)api;
    return sqlite3_trace_v2(connection, SQLITE_TRACE_STMT, make_meanwhile, &made_meanwhile);
}

static void made_while_opening(void **unused)
{
    (void)unused;
    sqlite3_auto_extension((void (*)(void))watch_connection);
    store_close(opened());
    sqlite3_cancel_auto_extension((void (*)(void))watch_connection);
    assert_true(made_meanwhile);
    expect_sql("PRAGMA user_version", schema_now());
    expect_sql("SELECT count(*) FROM migration", schema_now());
}

/* Ten writers, each killed at some moment: what it had acknowledged through the pipe is there, and nothing is torn. */
static void killed(void **unused)
{
    (void)unused;
    enum { TIMES = 10 };
    make_rounds();
    uint64_t acknowledged = 0, seed = 5;
    for (uint64_t k = 0; k < TIMES; k++) {
        int fd[2];
        assert_int_equal(pipe(fd), 0);
        const pid_t pid = fork();
        if (pid == 0) {
            struct store *st;
            if (store_open(db, true, &st, err, sizeof err) || store_begin(st, &info, uuid, err, sizeof err)) _exit(1);
            for (uint64_t id = k << 32;; id++)
                if (store_one(st, id) || write(fd[1], &id, sizeof id) != (ssize_t)sizeof id) _exit(1);
        }
        close(fd[1]);
        uint64_t id = 0, n = 0;
        assert_int_equal(read(fd[0], &id, sizeof id), sizeof id);
        n++;
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        const struct timespec pause = { 0, (long)(seed >> 40) % 10000000 };      /* below 10 ms: some 50 results */
        nanosleep(&pause, NULL);
        kill(pid, SIGKILL);
        while (read(fd[0], &id, sizeof id) == (ssize_t)sizeof id) n++;           /* what was in the pipe counts */
        close(fd[0]);
        assert_int_equal(exit_code(pid), 128 + SIGKILL);
        assert_int_equal(id, (k << 32) + n - 1);
        acknowledged += n;

        char query[256];
        snprintf(query, sizeof query,
                 "SELECT count(*) FROM bench_case c JOIN result ON case_id = c.id WHERE hash BETWEEN"
                 " '%016llx' AND '%016llx'",
                 (unsigned long long)(k << 32), (unsigned long long)id);
        assert_int_equal(atoi(sql(query)), (int)n);
    }
    sound();
    const int stored = atoi(sql("SELECT count(*) FROM result"));
    assert_in_range(stored, acknowledged, acknowledged + TIMES);    /* one each may be committed but not yet told */
    print_message("           %d results stored, %d acknowledged\n", stored, (int)acknowledged);
    store_close(opened());
    expect_sql("SELECT count(*) FROM run WHERE state = 'aborted' AND finished_ns IS NULL", "10");
}

static void dead_runs(void **unused)
{
    (void)unused;
    struct store *own = begun();
    const pid_t pid = fork();
    if (pid == 0) {
        struct store *st;
        _exit(store_open(db, true, &st, err, sizeof err) || store_begin(st, &info, uuid, err, sizeof err));
    }
    assert_int_equal(exit_code(pid), 0);
    store_close(opened());
    expect_sql("SELECT group_concat(state) FROM (SELECT state FROM run ORDER BY id)", "running,aborted");
    expect_sql("SELECT pid_start > 0 AND boot_id <> '' FROM run", "1");
    finish(own);                                     /* the living run was left alone and ends well */
    expect_sql("SELECT group_concat(state) FROM (SELECT state FROM run ORDER BY id)", "complete,aborted");

    /* Our own process number with another start time: the number was used again.  Another boot: all are dead. */
    own = begun();
    sql_do(db, "UPDATE run SET pid_start = pid_start + 1 WHERE state = 'running'");
    store_close(opened());
    expect_sql("SELECT state FROM run WHERE id = 3", "aborted");
    sql_do(db, "UPDATE run SET pid_start = pid_start - 1, boot_id = 'x', state = 'running' WHERE id = 3");
    store_close(opened());
    expect_sql("SELECT state FROM run WHERE id = 3", "aborted");
    /* Without a start time the process number alone must do. */
    char update[192];
    snprintf(update, sizeof update, "UPDATE run SET state = 'running', pid_start = 0, boot_id ="
             " (SELECT boot_id FROM run WHERE id = 1), pid = %ld WHERE id = 3", (long)getpid());
    sql_do(db, update);
    store_close(opened());
    expect_sql("SELECT state FROM run WHERE id = 3", "running");
    snprintf(update, sizeof update, "UPDATE run SET pid = %ld WHERE id = 3", (long)pid);
    sql_do(db, update);
    store_close(opened());
    expect_sql("SELECT state FROM run WHERE id = 3", "aborted");
    store_close(own);
}

/* ---- a full disk: SQLite's own file layer, but writing fails as it does with ENOSPC ---- */

static bool disk_full;
static sqlite3_vfs *real_vfs, full_vfs;
static struct watched {              /* SQLite has one table of methods for databases and another for journals */
    sqlite3_io_methods methods;      /* first: a file's pMethods leads here */
    const sqlite3_io_methods *real;
} watched[4];

static int write_or_full(sqlite3_file *f, const void *data, int n, sqlite3_int64 at)
{
    const struct watched *w = (const struct watched *)(const void *)f->pMethods;
    return disk_full ? SQLITE_FULL : w->real->xWrite(f, data, n, at);
}
static int open_watched(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    (void)vfs;
    const int rc = real_vfs->xOpen(real_vfs, name, f, flags, out);
    if (rc != SQLITE_OK || !f->pMethods) return rc;
    size_t i = 0;
    while (watched[i].real && watched[i].real != f->pMethods) assert_in_range(++i, 0, MXB_COUNT(watched) - 1);
    watched[i].real = f->pMethods;
    watched[i].methods = *f->pMethods;
    watched[i].methods.xWrite = write_or_full;
    f->pMethods = &watched[i].methods;
    return rc;
}

static void full_disk(void **unused)
{
    (void)unused;
    real_vfs = sqlite3_vfs_find(NULL);
    full_vfs = *real_vfs;
    full_vfs.zName = "full";
    full_vfs.xOpen = open_watched;
    assert_int_equal(sqlite3_vfs_register(&full_vfs, 1), SQLITE_OK);
    make_rounds();
    struct store *st = begun(), *none;
    assert_int_equal(store_one(st, 1), 0);
    disk_full = true;
    assert_int_equal(store_one(st, 2), MXB_EDB);
    assert_non_null(strstr(err, "no space left on the disk"));
    assert_non_null(strstr(err, db));
    assert_int_equal(store_end(st, "aborted", err, sizeof err), MXB_EDB);
    assert_non_null(strstr(err, "no space left on the disk"));
    disk_full = false;
    assert_int_equal(store_begin(st, &info, uuid, err, sizeof err), 0);
    assert_int_equal(store_one(st, 3), 0);           /* space is back: the same store goes on */
    finish(st);

    unlink(db);
    disk_full = true;
    assert_int_equal(store_open(db, true, &none, err, sizeof err), MXB_EDB);
    assert_non_null(strstr(err, "no space left on the disk"));
    disk_full = false;
    sqlite3_vfs_unregister(&full_vfs);
    store_close(opened());                           /* the half-made file is no obstacle */
    expect_sql("SELECT count(*) FROM result", "0");
}

static void locked_by_another(void **unused)
{
    (void)unused;
    make_rounds();
    struct store *st = begun();
    sqlite3_busy_timeout(st->db, 30);                /* not 10 s, for the test's sake */
    sqlite3 *other;
    assert_int_equal(sqlite3_open(db, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(store_one(st, 1), MXB_EDB);
    assert_non_null(strstr(err, "another process has held it"));
    sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(other);
    assert_int_equal(store_one(st, 1), 0);
    finish(st);
    sound();
}

/* A writer from elsewhere finds the lock taken before the first row of a result is written, not only after. */
static int write_meanwhile(unsigned type, void *other, void *stmt, void *text)
{
    (void)type, (void)stmt;
    if (!strstr(text, "INSERT INTO bench_case")) return 0;
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_BUSY);
    strcpy(err, "tried");
    return 0;
}

static void lock_before_reading(void **unused)
{
    (void)unused;
    make_rounds();
    struct store *st = begun();
    sqlite3 *other;
    assert_int_equal(sqlite3_open(db, &other), SQLITE_OK);
    sqlite3_trace_v2(st->db, SQLITE_TRACE_STMT, write_meanwhile, other);
    assert_int_equal(store_one(st, 1), 0);
    assert_string_equal(err, "tried");
    sqlite3_trace_v2(st->db, 0, NULL, NULL);
    sqlite3_close(other);
    finish(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_folder(two_at_once),       in_folder(made_while_opening), in_folder(killed),
        in_folder(dead_runs),         in_folder(locked_by_another),  in_folder(full_disk),
        in_folder(lock_before_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
