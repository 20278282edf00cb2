/* Copies runs from another database (store_transfer.h). */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/store_columns.h"
#include "harness/store_internal.h"
#include "harness/store_schema.h"
#include "harness/store_transfer.h"

/* A table whose rows are the same where these columns are; ids of the other database are mapped through temp.<table>.
 */
struct shared { const char *table, *key, *reference; };    /* reference: column that points to machine, or NULL */
static const struct shared shared[] = {
    { "machine", "hostname cpu ncpu ram_gib board", NULL },
    { "env", "os kernel governor compiler cflags", NULL },
    { "device", "backend name driver driver_version api uuid vendor_id product_id units features", "machine_id" },
    { "bench_case", "hash def_version", NULL },
    { "run", "uuid", NULL },
};

static int run_sql(sqlite3 *db, const char *sql) { return sqlite3_exec(db, sql, NULL, NULL, NULL); }

/* "o.a = t.a AND o.b = t.b" from "a b". */
static void equal_keys(const char *key, char *out, size_t room)
{
    size_t n = 0;
    for (const char *s = key; *s; ) {
        const int len = (int)strcspn(s, " ");
        n += (size_t)snprintf(out + n, room - n, "%so.%.*s = t.%.*s", n ? " AND " : "", len, s, len, s);
        s += len + (s[len] == ' ');
    }
}

/* Adds the rows that are missing and makes the map temp.<table>(old, new). */
static int map_table(sqlite3 *db, const struct shared *s)
{
    struct columns c;
    char list[COLUMNS_TEXT], from[COLUMNS_TEXT], same[1024], sql[3 * COLUMNS_TEXT];
    const bool placed = s->reference != NULL;
    int rc = columns_of(db, s->table, placed ? "id machine_id" : "id", &c);
    if (rc) return rc;
    equal_keys(s->key, same, sizeof same);
    snprintf(sql, sizeof sql, "INSERT OR IGNORE INTO main.%s(%s%s) SELECT %s%s FROM other.%s o%s", s->table,
             placed ? "machine_id, " : "", columns_list(&c, "", list), placed ? "m.new, " : "",
             columns_list(&c, "o.", from), s->table, placed ? " JOIN temp.map_machine m ON m.old = o.machine_id" : "");
    if ((rc = run_sql(db, sql)) != SQLITE_OK) return rc;
    snprintf(sql, sizeof sql,
             "CREATE TEMP TABLE map_%s AS SELECT o.id AS old, t.id AS new FROM other.%s o JOIN main.%s t ON %s%s",
             s->table, s->table, s->table, same,
             placed ? " JOIN temp.map_machine m ON m.old = o.machine_id AND m.new = t.machine_id" : "");
    return run_sql(db, sql);
}

/* Runs that are there already only get what they lack: the state of a run that has ended since, and new results. */
static int merge_runs(sqlite3 *db)
{
    struct columns c;
    char list[COLUMNS_TEXT], from[COLUMNS_TEXT], sql[3 * COLUMNS_TEXT];
    int rc = columns_of(db, "run", "id machine_id env_id", &c);
    if (rc) return rc;
    snprintf(sql, sizeof sql,
             "INSERT INTO main.run(machine_id, env_id, %s) SELECT m.new, e.new, %s FROM other.run o"
             " JOIN temp.map_machine m ON m.old = o.machine_id JOIN temp.map_env e ON e.old = o.env_id"
             " WHERE o.state <> 'running' AND o.uuid NOT IN (SELECT uuid FROM main.run) ORDER BY o.id",
             columns_list(&c, "", list), columns_list(&c, "o.", from));
    rc = run_sql(db, sql);
    if (rc == SQLITE_OK)
        rc = run_sql(db, "UPDATE main.run SET state = o.state, finished_ns = o.finished_ns FROM other.run o"
                         " WHERE o.uuid = run.uuid AND o.state = 'complete' AND run.state = 'aborted';"
                         "CREATE TEMP TABLE map_run AS SELECT o.id AS old, t.id AS new FROM other.run o JOIN main.run "
                         "t ON t.uuid = o.uuid"
                         " WHERE o.state <> 'running'");
    return rc;
}

/* New rows get the old ids plus what is larger than every id here, so that their parts are found again. */
static int merge_results(sqlite3 *db)
{
    struct columns result, round, blob;
    char list[COLUMNS_TEXT], from[COLUMNS_TEXT], sql[3 * COLUMNS_TEXT];
    int rc = columns_of(db, "result", "id run_id case_id device_id", &result);
    if (rc == SQLITE_OK) rc = columns_of(db, "round", "id result_id", &round);
    if (rc == SQLITE_OK) rc = columns_of(db, "sample_blob", "round_id", &blob);
    if (rc) return rc;
    const long long r0 = schema_number(db, "SELECT ifnull(max(id), 0) FROM main.result", 0);
    const long long q0 = schema_number(db, "SELECT ifnull(max(id), 0) FROM main.round", 0);
    snprintf(
        sql, sizeof sql,
        "INSERT OR IGNORE INTO main.result(id, run_id, case_id, device_id, %s) SELECT o.id + %lld, u.new, c.new, "
        "d.new, %s"
        " FROM other.result o JOIN temp.map_run u ON u.old = o.run_id JOIN temp.map_bench_case c ON c.old = o.case_id"
        " JOIN temp.map_device d ON d.old = o.device_id ORDER BY o.id",
        columns_list(&result, "", list), r0, columns_list(&result, "o.", from));
    if ((rc = run_sql(db, sql)) != SQLITE_OK) return rc;
    snprintf(sql, sizeof sql,
             "INSERT INTO main.round(id, result_id, %s) SELECT o.id + %lld, o.result_id + %lld, %s FROM other.round o"
             " WHERE o.result_id + %lld IN (SELECT id FROM main.result WHERE id > %lld) ORDER BY o.id",
             columns_list(&round, "", list), q0, r0, columns_list(&round, "o.", from), r0, r0);
    if ((rc = run_sql(db, sql)) != SQLITE_OK) return rc;
    snprintf(sql, sizeof sql,
             "INSERT INTO main.sample_blob(round_id, %s) SELECT o.round_id + %lld, %s FROM other.sample_blob o"
             " WHERE o.round_id + %lld IN (SELECT id FROM main.round WHERE id > %lld)",
             columns_list(&blob, "", list), q0, columns_list(&blob, "o.", from), q0, q0);
    return run_sql(db, sql);
}

static int merge_headlines(sqlite3 *db)
{
    struct columns c;
    char list[COLUMNS_TEXT], from[COLUMNS_TEXT], sql[3 * COLUMNS_TEXT];
    const int rc = columns_of(db, "headline", "id run_id device_id", &c);
    if (rc) return rc;
    snprintf(sql, sizeof sql,
             "INSERT OR IGNORE INTO main.headline(run_id, device_id, %s) SELECT u.new, d.new, %s FROM other.headline o"
             " JOIN temp.map_run u ON u.old = o.run_id JOIN temp.map_device d ON d.old = o.device_id ORDER BY o.id",
             columns_list(&c, "", list), columns_list(&c, "o.", from));
    return run_sql(db, sql);
}

static int merge_rooflines(sqlite3 *db)
{
    struct columns c;
    char list[COLUMNS_TEXT], from[COLUMNS_TEXT], sql[3 * COLUMNS_TEXT];
    const int rc = columns_of(db, "roofline", "id device_id", &c);
    if (rc) return rc;
    snprintf(sql, sizeof sql,
             "INSERT OR IGNORE INTO main.roofline(device_id, %s) SELECT d.new, %s FROM other.roofline o"
             " JOIN temp.map_device d ON d.old = o.device_id ORDER BY o.measured_ns, o.id",
             columns_list(&c, "", list), columns_list(&c, "o.", from));
    return run_sql(db, sql);
}

static int merge_attached(sqlite3 *db, struct transfer_count *count)
{
    int rc = run_sql(db, "BEGIN IMMEDIATE");
    if (rc) return rc;
    const long long runs = schema_number(db, "SELECT count(*) FROM main.run", 0);
    const long long results = schema_number(db, "SELECT count(*) FROM main.result", 0);
    for (size_t i = 0; i + 1 < MXB_COUNT(shared) && rc == SQLITE_OK; i++) rc = map_table(db, &shared[i]);
    if (rc == SQLITE_OK) rc = merge_runs(db);
    if (rc == SQLITE_OK) rc = merge_results(db);
    if (rc == SQLITE_OK) rc = merge_headlines(db);
    if (rc == SQLITE_OK) rc = merge_rooflines(db);
    if (rc == SQLITE_OK) {
        count->runs = (uint32_t)(schema_number(db, "SELECT count(*) FROM main.run", 0) - runs);
        count->results = (uint32_t)(schema_number(db, "SELECT count(*) FROM main.result", 0) - results);
        count->known = (uint32_t)(schema_number(db, "SELECT count(*) FROM temp.map_run", 0) - count->runs);
        rc = run_sql(db, "COMMIT");
    }
    return rc;
}

static void drop_maps(sqlite3 *db)
{
    for (size_t i = 0; i < MXB_COUNT(shared); i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "DROP TABLE IF EXISTS temp.map_%s", shared[i].table);
        run_sql(db, sql);
    }
}

/* The other database as one of our version: a copy beside ours, which opening brings up to date. */
static int copy_of(const struct store *st, const char *other, char *copy, size_t room, char *err, size_t errlen)
{
    sqlite3 *from = NULL;
    sqlite3_stmt *s = NULL;
    struct store *upgraded = NULL;
    char name[4100];
    store_plain_path(other, name, sizeof name);
    snprintf(copy, room, "%s.merge-%ld", st->path, (long)getpid());
    unlink(copy);
    int rc = sqlite3_open_v2(name, &from, SQLITE_OPEN_READWRITE, NULL);
    store_watch_signals(from);
    if (rc == SQLITE_OK) rc = sqlite3_prepare_v2(from, "VACUUM INTO ?1", -1, &s, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_bind_text(s, 1, copy, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK) rc = sqlite3_step(s);
    sqlite3_finalize(s);
    const int failed = rc == SQLITE_DONE ? 0 : store_fail(from, other, rc, "cannot read", err, errlen);
    sqlite3_close(from);
    if (failed) return failed;
    rc = store_open(copy, false, &upgraded, err, errlen);
    store_close(upgraded);
    return rc;
}

static void remove_copy(const char *copy)
{
    static const char *const suffix[] = { "", "-wal", "-shm", "-journal" };
    char path[4200];
    for (size_t i = 0; i < MXB_COUNT(suffix); i++) {
        snprintf(path, sizeof path, "%s%s", copy, suffix[i]);
        unlink(path);
    }
}

int store_merge(struct store *st, const char *other, struct transfer_count *count, char *err, size_t errlen)
{
    bool fresh;
    char copy[4200];
    sqlite3_stmt *s = NULL;
    *count = (struct transfer_count){ 0 };
    assert(!st->run_id);
    store_watch_signals(st->db);
    int rc = store_check_file(other, false, &fresh, err, errlen);
    if (rc) return rc;
    if ((rc = copy_of(st, other, copy, sizeof copy, err, errlen)) == 0) {
        rc = sqlite3_prepare_v2(st->db, "ATTACH ?1 AS other", -1, &s, NULL);
        if (rc == SQLITE_OK) rc = sqlite3_bind_text(s, 1, copy, -1, SQLITE_STATIC);
        if (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_DONE) rc = SQLITE_OK;
        sqlite3_finalize(s);
        if (rc == SQLITE_OK) rc = merge_attached(st->db, count);
        if (rc) rc = store_fail(st->db, st->path, rc, "cannot merge", err, errlen);
        if (!sqlite3_get_autocommit(st->db)) run_sql(st->db, "ROLLBACK");
        drop_maps(st->db);
        run_sql(st->db, "DETACH other");
    }
    remove_copy(copy);
    return rc;
}
