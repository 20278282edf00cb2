/* Writes stored runs as JSON lines or CSV (store_transfer.h). */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "harness/json.h"
#include "harness/sheet.h"
#include "harness/store_columns.h"
#include "harness/store_internal.h"
#include "harness/store_transfer.h"

enum { UNITS_PER_NS = 16, FAILED_WRITE = -1, BAD_BLOB = -2 };    /* the latter beside SQLite's codes */

/* One row of a table by its id, as an object of all columns but those in `without`. */
struct row_query { const char *table, *without; sqlite3_stmt *stmt; };

struct exporter {
    struct store *st;
    FILE *f;
    struct row_query run, machine, env, bench_case, device, result, round, roofline;
    sqlite3_stmt *results, *rounds, *blobs;
    struct transfer_count *count;
};

static int prepare_row(sqlite3 *db, struct row_query *q)
{
    struct columns c;
    char list[COLUMNS_TEXT], sql[COLUMNS_TEXT + 128];
    const int rc = columns_of(db, q->table, q->without, &c);
    if (rc) return rc;
    snprintf(sql, sizeof sql, "SELECT %s FROM %s WHERE id = ?", columns_list(&c, "", list), q->table);
    return sqlite3_prepare_v2(db, sql, -1, &q->stmt, NULL);
}

/* JSON has no infinity, but every reader makes one of a number that is too large. */
static void put_real(struct json *j, const char *key, double v)
{
    if (isinf(v)) json_raw(j, key, v > 0 ? "1e999" : "-1e999");
    else json_double(j, key, v);
}

static void put_value(struct json *j, const char *key, sqlite3_stmt *s, int column)
{
    switch (sqlite3_column_type(s, column)) {
    case SQLITE_INTEGER: json_int(j, key, sqlite3_column_int64(s, column)); break;
    case SQLITE_FLOAT:   put_real(j, key, sqlite3_column_double(s, column)); break;
    case SQLITE_TEXT:    json_string(j, key, (const char *)sqlite3_column_text(s, column)); break;
    default:             json_null(j, key); break;
    }
}

/* Leaves the object open for more members. */
static int open_row(struct json *j, const char *key, struct row_query *q, int64_t id)
{
    sqlite3_reset(q->stmt);
    sqlite3_bind_int64(q->stmt, 1, id);
    const int rc = sqlite3_step(q->stmt);
    if (rc != SQLITE_ROW) return rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
    json_object(j, key);
    for (int i = 0; i < sqlite3_column_count(q->stmt); i++) put_value(j, sqlite3_column_name(q->stmt, i), q->stmt, i);
    sqlite3_reset(q->stmt);
    return SQLITE_OK;
}

static int put_row(struct json *j, const char *key, struct row_query *q, int64_t id)
{
    const int rc = open_row(j, key, q, id);
    if (rc == SQLITE_OK) json_end(j);
    return rc;
}

/* {"device": [...], "host": [...]}: integers in 1/16 ns. */
static int put_samples(struct exporter *x, struct json *j, int64_t round)
{
    int rc;
    json_object(j, "samples");
    sqlite3_bind_int64(x->blobs, 1, round);
    while ((rc = sqlite3_step(x->blobs)) == SQLITE_ROW) {
        const int64_t n = sqlite3_column_int64(x->blobs, 1);
        const unsigned char *data = sqlite3_column_blob(x->blobs, 3);
        const size_t bytes = (size_t)sqlite3_column_bytes(x->blobs, 3);
        double *ns = n >= 0 && n <= 1 << 24 ? malloc((size_t)n * sizeof *ns + 1) : NULL;
        const bool good = ns && (int64_t)crc32(0, data, (uInt)bytes) == sqlite3_column_int64(x->blobs, 2) &&
                          samples_unpack(data, bytes, ns, (size_t)n) == 0;
        if (good) json_array(j, (const char *)sqlite3_column_text(x->blobs, 0));
        for (int64_t i = 0; good && i < n; i++) json_int(j, NULL, (int64_t)(ns[i] * UNITS_PER_NS));
        if (good) json_end(j);
        free(ns);
        if (!good) {
            rc = BAD_BLOB;
            break;
        }
    }
    sqlite3_reset(x->blobs);
    json_end(j);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int put_rounds(struct exporter *x, struct json *j, int64_t result)
{
    int rc;
    json_array(j, "rounds");
    sqlite3_bind_int64(x->rounds, 1, result);
    while ((rc = sqlite3_step(x->rounds)) == SQLITE_ROW) {
        const int64_t id = sqlite3_column_int64(x->rounds, 0);
        if ((rc = open_row(j, NULL, &x->round, id)) != SQLITE_OK || (rc = put_samples(x, j, id)) != SQLITE_OK) break;
        json_end(j);
    }
    sqlite3_reset(x->rounds);
    json_end(j);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int end_line(struct exporter *x, struct json *j)
{
    json_end(j);
    if (json_finish(j, NULL) || fputc('\n', x->f) == EOF) return FAILED_WRITE;
    return SQLITE_OK;
}

static int export_result(struct exporter *x, const char *uuid, sqlite3_stmt *s)
{
    struct json j = { .file = x->f };
    const int64_t id = sqlite3_column_int64(s, 0);
    json_object(&j, NULL);
    json_string(&j, "run", uuid);
    int rc = put_row(&j, "result", &x->result, id);
    if (rc == SQLITE_OK) rc = put_row(&j, "case", &x->bench_case, sqlite3_column_int64(s, 1));
    if (rc == SQLITE_OK) rc = put_row(&j, "device", &x->device, sqlite3_column_int64(s, 2));
    if (rc == SQLITE_OK) rc = put_rounds(x, &j, id);
    x->count->results++;
    return rc ? rc : end_line(x, &j);
}

static int export_run(struct exporter *x, sqlite3_stmt *run)
{
    struct json j = { .file = x->f };
    const char *uuid = (const char *)sqlite3_column_text(run, 1);
    json_object(&j, NULL);
    int rc = put_row(&j, "run", &x->run, sqlite3_column_int64(run, 0));
    if (rc == SQLITE_OK) rc = put_row(&j, "machine", &x->machine, sqlite3_column_int64(run, 2));
    if (rc == SQLITE_OK) rc = put_row(&j, "env", &x->env, sqlite3_column_int64(run, 3));
    if (rc == SQLITE_OK) rc = end_line(x, &j);
    if (rc) return rc;
    x->count->runs++;
    sqlite3_bind_int64(x->results, 1, sqlite3_column_int64(run, 0));
    while ((rc = sqlite3_step(x->results)) == SQLITE_ROW)
        if ((rc = export_result(x, uuid, x->results)) != SQLITE_OK) break;
    sqlite3_reset(x->results);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int export_roofline(struct exporter *x, sqlite3_stmt *s)
{
    struct json j = { .file = x->f };
    json_object(&j, NULL);
    int rc = put_row(&j, "roofline", &x->roofline, sqlite3_column_int64(s, 0));
    if (rc == SQLITE_OK) rc = put_row(&j, "device", &x->device, sqlite3_column_int64(s, 1));
    if (rc == SQLITE_OK) rc = put_row(&j, "machine", &x->machine, sqlite3_column_int64(s, 2));
    return rc ? rc : end_line(x, &j);
}

/* Those of the devices of the chosen runs; all of them if run is NULL. */
static int export_rooflines(struct exporter *x, const int64_t *run, uint32_t nrun)
{
    static const char all[] = "SELECT l.id, d.id, d.machine_id FROM roofline l JOIN device d ON d.id = l.device_id"
                              " WHERE ?1 IS NULL OR d.id IN (SELECT device_id FROM result WHERE run_id IN"
                              " (SELECT value FROM json_each(?1))) ORDER BY l.measured_ns, l.id";
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(x->st->db, all, -1, &s, NULL);
    if (rc == SQLITE_OK && run) rc = store_bind_runs(s, run, nrun);
    while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) rc = export_roofline(x, s);
    sqlite3_finalize(s);
    return rc;
}

/* A statement over the chosen runs, all finished ones if run is NULL: sql has %s where they are restricted. */
static int prepare_runs(struct store *st, const char *sql, const int64_t *run, uint32_t nrun, sqlite3_stmt **out)
{
    char text[1024];
    snprintf(text, sizeof text, sql, run ? "u.id IN (SELECT value FROM json_each(?1))" : "u.state <> 'running'");
    const int rc = sqlite3_prepare_v2(st->db, text, -1, out, NULL);
    return rc || !run ? rc : store_bind_runs(*out, run, nrun);
}

static int finish(struct store *st, int rc, FILE *f, char *err, size_t errlen)
{
    if (rc == SQLITE_DONE && fflush(f) != 0) rc = FAILED_WRITE;
    if (rc == SQLITE_DONE) return 0;
    if (rc == FAILED_WRITE) {
        snprintf(err, errlen, "cannot write: %s", strerror(errno));
        return MXB_EINVAL;
    }
    if (rc == BAD_BLOB) {
        snprintf(err, errlen, "database '%s': the samples of a round are damaged", st->path);
        return MXB_EDB;
    }
    return store_fail(st->db, st->path, rc, "cannot read results", err, errlen);
}

int store_export(struct store *st, const int64_t *run, uint32_t nrun, FILE *f, struct transfer_count *count, char *err,
                 size_t errlen)
{
    struct exporter x = { .st = st, .f = f, .count = count, .run = { "run", "id machine_id env_id", NULL },
        .machine = { "machine", "id", NULL }, .env = { "env", "id", NULL }, .bench_case = { "bench_case", "id", NULL },
        .device = { "device", "id machine_id", NULL }, .result = { "result", "id run_id case_id device_id", NULL },
        .round = { "round", "id result_id", NULL }, .roofline = { "roofline", "id device_id", NULL } };
    struct row_query *const row[] = { &x.run, &x.machine, &x.env, &x.bench_case, &x.device, &x.result, &x.round,
                                      &x.roofline };
    sqlite3_stmt *runs = NULL;
    store_watch_signals(st->db);
    int rc = sqlite3_exec(st->db, "BEGIN", NULL, NULL, NULL);    /* one moment for everything */
    *count = (struct transfer_count){ 0 };
    for (size_t i = 0; i < MXB_COUNT(row) && rc == SQLITE_OK; i++) rc = prepare_row(st->db, row[i]);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(st->db, "SELECT id, case_id, device_id FROM result WHERE run_id = ? ORDER BY id", -1,
                                &x.results, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(st->db, "SELECT id FROM round WHERE result_id = ? ORDER BY round", -1, &x.rounds, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(st->db,
                                "SELECT clock, n, crc32, data FROM sample_blob WHERE round_id = ? ORDER BY clock", -1,
                                &x.blobs, NULL);
    if (rc == SQLITE_OK)
        rc = prepare_runs(st, "SELECT id, uuid, machine_id, env_id FROM run u WHERE %s ORDER BY started_ns, id", run,
                          nrun, &runs);
    if (rc == SQLITE_OK && fprintf(f, "{\"mlxbench\":\"results\",\"version\":%d}\n", TRANSFER_VERSION) < 0)
        rc = FAILED_WRITE;
    while (rc == SQLITE_OK && (rc = sqlite3_step(runs)) == SQLITE_ROW) rc = export_run(&x, runs);
    if (rc == SQLITE_DONE) rc = export_rooflines(&x, run, nrun);
    rc = finish(st, rc, f, err, errlen);
    for (size_t i = 0; i < MXB_COUNT(row); i++) sqlite3_finalize(row[i]->stmt);
    sqlite3_finalize(x.results);
    sqlite3_finalize(x.rounds);
    sqlite3_finalize(x.blobs);
    sqlite3_finalize(runs);
    sqlite3_exec(st->db, "COMMIT", NULL, NULL, NULL);
    return rc;
}

int store_export_csv(struct store *st, const int64_t *run, uint32_t nrun, FILE *f, struct transfer_count *count,
                     char *err, size_t errlen)
{
    struct sheet_column column[COLUMNS_MAX];
    struct sheet s = { .column = column };
    sqlite3_stmt *rows = NULL;
    *count = (struct transfer_count){ 0 };
    store_watch_signals(st->db);
    int rc = prepare_runs(
        st, "SELECT v.* FROM v_result v WHERE v.run IN (SELECT u.uuid FROM run u WHERE %s) ORDER BY v.result_id", run,
        nrun, &rows);
    for (int i = 0; rc == SQLITE_OK && i < sqlite3_column_count(rows) && i < COLUMNS_MAX; i++)
        column[s.ncolumn++] = (struct sheet_column){ sqlite3_column_name(rows, i), NULL };
    while (rc == SQLITE_OK && (rc = sqlite3_step(rows)) == SQLITE_ROW) {
        for (int i = 0; i < (int)s.ncolumn; i++) {
            const int type = sqlite3_column_type(rows, i);
            if (type == SQLITE_FLOAT) sheet_number(&s, sqlite3_column_double(rows, i), "");
            else sheet_text(&s, type == SQLITE_NULL ? "" : (const char *)sqlite3_column_text(rows, i));
        }
        count->results++;
        rc = s.failed ? SQLITE_NOMEM : SQLITE_OK;
    }
    if (rc == SQLITE_DONE) sheet_print(&s, SHEET_CSV, f);
    rc = finish(st, rc, f, err, errlen);
    sqlite3_finalize(rows);
    sheet_free(&s);
    return rc;
}
