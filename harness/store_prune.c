/* Deletes old results (store_transfer.h). */
#include <sys/stat.h>

#include "harness/store_internal.h"
#include "harness/store_schema.h"
#include "harness/store_transfer.h"

/* temp.old: timed results beyond the newest ?1 of their case, device and branch. */
static const char find_old[] =
    "CREATE TEMP TABLE old AS SELECT id, run_id FROM (SELECT r.id, r.run_id, row_number() OVER"
    " (PARTITION BY r.case_id, r.device_id, u.branch ORDER BY r.finished_ns DESC, r.id DESC) AS place"
    " FROM result r JOIN run u ON u.id = r.run_id WHERE r.median_ns > 0 AND u.state <> 'running') WHERE place > ?1";

/* Results that were never timed go when their run has lost its last timed one. */
static const char find_untimed[] =
    "INSERT INTO temp.old SELECT r.id, r.run_id FROM result r WHERE ifnull(r.median_ns, 0) = 0"
    " AND r.run_id IN (SELECT run_id FROM temp.old) AND r.run_id NOT IN"
    " (SELECT run_id FROM result WHERE median_ns > 0 AND id NOT IN (SELECT id FROM temp.old))";

static const char delete_samples[] =
    "DELETE FROM sample_blob WHERE round_id IN (SELECT q.id FROM round q JOIN temp.old o ON o.id = q.result_id)";
static const char delete_results[] =
    "DELETE FROM result WHERE id IN (SELECT id FROM temp.old)";      /* rounds and samples follow */
static const char delete_runs[] =
    "DELETE FROM run WHERE id IN (SELECT run_id FROM temp.old) AND id NOT IN (SELECT run_id FROM result)";

static int64_t file_size(const struct store *st)
{
    struct stat f;
    return stat(st->path, &f) ? 0 : (int64_t)f.st_size;
}

static uint32_t number(struct store *st, const char *sql) { return (uint32_t)schema_number(st->db, sql, 0); }

static int find(struct store *st, uint32_t keep, bool samples_only)
{
    struct binder b = { 0 };
    b.rc = sqlite3_prepare_v2(st->db, find_old, -1, &b.stmt, NULL);
    bind_int(&b, keep);
    int rc = bind_run(&b, NULL);
    sqlite3_finalize(b.stmt);
    if (rc == SQLITE_OK && !samples_only) rc = sqlite3_exec(st->db, find_untimed, NULL, NULL, NULL);
    return rc;
}

int store_prune(struct store *st, uint32_t keep, bool samples_only, bool dry, struct prune_count *count, char *err,
                size_t errlen)
{
    *count = (struct prune_count){ .bytes_before = file_size(st) };
    store_watch_signals(st->db);
    int rc = sqlite3_exec(st->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = find(st, keep, samples_only);
    if (rc == SQLITE_OK) {
        count->results = number(st, "SELECT count(*) FROM temp.old");
        count->blobs = number(st, "SELECT count(*) FROM sample_blob WHERE round_id IN"
                                  " (SELECT q.id FROM round q JOIN temp.old o ON o.id = q.result_id)");
        if (!samples_only)
            count->runs = number(st, "SELECT count(DISTINCT run_id) FROM temp.old WHERE run_id NOT IN"
                                     " (SELECT run_id FROM result WHERE id NOT IN (SELECT id FROM temp.old))");
    }
    if (rc == SQLITE_OK && samples_only) rc = sqlite3_exec(st->db, delete_samples, NULL, NULL, NULL);
    if (rc == SQLITE_OK && !samples_only) rc = sqlite3_exec(st->db, delete_results, NULL, NULL, NULL);
    if (rc == SQLITE_OK && !samples_only) rc = sqlite3_exec(st->db, delete_runs, NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_exec(st->db, "DROP TABLE temp.old", NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_exec(st->db, dry ? "ROLLBACK" : "COMMIT", NULL, NULL, NULL);
    if (rc == SQLITE_OK && !dry) rc = sqlite3_exec(st->db, "VACUUM", NULL, NULL, NULL);
    if (rc == SQLITE_OK && !dry) sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    count->bytes_after = file_size(st);
    if (rc == SQLITE_OK) return 0;
    rc = store_fail(st->db, st->path, rc, "cannot prune", err, errlen);
    if (!sqlite3_get_autocommit(st->db)) sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}
