/* Keeps what `mlxbench roofline` measured, per device. */
#include <assert.h>
#include <math.h>

#include "harness/store_internal.h"

static double known(double rate) { return rate > 0 ? rate : NAN; }

int store_add_roofline(struct store *st, const char *backend, const struct mxb_caps *caps, const struct roofline *r,
                       const char *version, char *err, size_t errlen)
{
    struct binder b = { 0 };
    int64_t device = 0;
    assert(st->run_id);
    int rc = sqlite3_exec(st->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = store_device(st, backend, caps, &device);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(st->db, "INSERT INTO roofline(device_id, measured_ns, mlxbench_version, memory_gbps,"
                                " cache_gbps, f32_gflops, f16_gflops) VALUES(?, ?, ?, ?, ?, ?, ?)", -1, &b.stmt, NULL);
    if (rc == SQLITE_OK) {
        bind_int(&b, device);
        bind_int(&b, store_now_ns());
        bind_text(&b, version);
        bind_real(&b, known(r->memory_gbps));
        bind_real(&b, r->cache_gbps);
        bind_real(&b, r->f32_gflops);
        bind_real(&b, known(r->f16_gflops));
        rc = bind_run(&b, NULL);
    }
    sqlite3_finalize(b.stmt);
    if (rc == SQLITE_OK) rc = sqlite3_exec(st->db, "COMMIT", NULL, NULL, NULL);
    if (rc == SQLITE_OK) return 0;
    store_fail(st->db, st->path, rc, "cannot store a roofline", err, errlen);
    if (!sqlite3_get_autocommit(st->db)) sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
    st->ndevice = 0;                                 /* rows that the rollback removed must not be used again */
    return MXB_EDB;
}

int store_get_roofline(struct store *st, const char *backend, const struct mxb_caps *caps, struct roofline *out,
                       char *err, size_t errlen)
{
    struct binder b = { 0 };
    int64_t device = 0;
    *out = (struct roofline){ 0 };
    assert(st->run_id);
    int rc = store_device(st, backend, caps, &device);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(st->db, "SELECT memory_gbps, cache_gbps, f32_gflops, f16_gflops FROM roofline"
                                " WHERE device_id = ? ORDER BY measured_ns DESC LIMIT 1", -1, &b.stmt, NULL);
    if (rc == SQLITE_OK) {
        bind_int(&b, device);
        rc = b.rc ? b.rc : sqlite3_step(b.stmt);
    }
    if (rc == SQLITE_ROW) {                          /* NULL reads as 0 */
        *out = (struct roofline){ sqlite3_column_double(b.stmt, 0), sqlite3_column_double(b.stmt, 1),
                                  sqlite3_column_double(b.stmt, 2), sqlite3_column_double(b.stmt, 3) };
        rc = SQLITE_DONE;
    }
    sqlite3_finalize(b.stmt);
    return rc == SQLITE_DONE ? 0 : store_fail(st->db, st->path, rc, "cannot read the roofline", err, errlen);
}
