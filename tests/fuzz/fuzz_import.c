/* Fuzzes the reader of JSON lines: any file is refused with one line of error and leaves the database as it was, or all
 * of it comes in, can be exported, and is known when it comes again. */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "harness/store_internal.h"
#include "harness/store_transfer.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

static struct store *st;             /* one for all inputs: making the tables takes longer than most of them */

static void run_sql(const char *sql)
{
    if (sqlite3_exec(st->db, sql, NULL, NULL, NULL)) abort();
}

/* The file is removed at once: nobody else may read it, so nothing has to reach it either. */
static void open_once(void)
{
    char path[64], err[MXB_ERRLEN];
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 1200, 1000);     /* fewer calls of a malloc() that is slow under ASan */
    snprintf(path, sizeof path, "/dev/shm/mlxbench-fuzz-%ld.db", (long)getpid());
    if (store_open(path, true, &st, err, sizeof err)) abort();
    run_sql("PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF");
    unlink(path);
}

static void empty(void)
{
    run_sql("BEGIN; DELETE FROM run; DELETE FROM bench_case; DELETE FROM roofline; DELETE FROM device;"
            " DELETE FROM machine; DELETE FROM env; COMMIT");
}

static int64_t ask(sqlite3_stmt **s, const char *sql)
{
    if (!*s && sqlite3_prepare_v2(st->db, sql, -1, s, NULL)) abort();
    if (sqlite3_step(*s) != SQLITE_ROW) abort();
    const int64_t v = sqlite3_column_int64(*s, 0);
    sqlite3_reset(*s);
    return v;
}

static int64_t count_rows(void)
{
    static sqlite3_stmt *s;
    return ask(&s, "SELECT (SELECT count(*) FROM run) + (SELECT count(*) FROM machine) + (SELECT count(*) FROM env)"
                   " + (SELECT count(*) FROM device) + (SELECT count(*) FROM bench_case) + (SELECT count(*) FROM result)"
                   " + (SELECT count(*) FROM round) + (SELECT count(*) FROM sample_blob)"
                   " + (SELECT count(*) FROM roofline)");
}

static int64_t count_rooflines(void)
{
    static sqlite3_stmt *s;
    return ask(&s, "SELECT count(*) FROM roofline");
}

static int64_t count_orphans(void)
{
    static sqlite3_stmt *s;
    return ask(&s, "SELECT count(*) FROM pragma_foreign_key_check");
}

static int import(const void *data, size_t n, struct transfer_count *count, char *err)
{
    FILE *f = n ? fmemopen((void *)data, n, "r") : fopen("/dev/null", "r");
    if (!f) abort();
    const int rc = store_import(st, f, "x", count, err, MXB_ERRLEN);
    fclose(f);
    return rc;
}

/* What came in can go out, and comes back in elsewhere. */
static void expect_round_trip(const struct transfer_count *first)
{
    struct transfer_count out, again;
    char err[MXB_ERRLEN], *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f) abort();
    const int rc = store_export(st, NULL, 0, f, &out, err, sizeof err);
    fclose(f);
    if (rc) {
        fprintf(stderr, "export: %s\n", err);
        abort();
    }
    assert(out.runs <= first->runs && out.results <= first->results);    /* runs that have not ended stay */
    const int64_t rooflines = count_rooflines();
    empty();
    if (import(text, n, &again, err)) {
        fprintf(stderr, "%s%s\n", text, err);
        abort();
    }
    assert(again.runs == out.runs && again.results == out.results && again.known == 0);
    assert(count_rooflines() == rooflines);
    free(text);
}

/* Numbers of many digits may make large sweeps, which take long; runs and their times have such, peers need none. */
static int large_peer(const unsigned char *data, size_t n)
{
    int digits = 0;
    if (!memmem(data, n, "peer:", 5)) return 0;
    for (size_t i = 0; i < n; i++) {
        digits = isdigit(data[i]) ? digits + 1 : 0;
        if (digits > 6) return 1;
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    struct transfer_count count, again;
    char err[MXB_ERRLEN] = "";
    if (large_peer(data, n)) return -1;
    if (!st) open_once();
    if (import(data, n, &count, err)) {
        if (!*err || strchr(err, '\n') || strncmp(err, "x:", 2) != 0 || !isdigit((unsigned char)err[2])) {
            fprintf(stderr, "message: %s\n", err);
            abort();
        }
        assert(count_rows() == 0 && sqlite3_get_autocommit(st->db));
        return 0;
    }
    if (count_rows() == 0) return 0;
    assert(count_orphans() == 0);
    const int64_t rows = count_rows();
    assert(import(data, n, &again, err) == 0 && again.runs == 0 && again.known == count.runs && count_rows() == rows);
    expect_round_trip(&count);
    empty();
    return 0;
}
