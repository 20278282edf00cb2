/* What the gate keeps and asks (store_gate.h). */
#include "harness/store_gate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/store_internal.h"

static int prepare(struct store *st, struct binder *b, const char *sql)
{
    *b = (struct binder){ 0 };
    b->rc = sqlite3_prepare_v2(st->db, sql, -1, &b->stmt, NULL);
    return b->rc;
}

static void copy_text(sqlite3_stmt *s, int column, char *out, size_t n)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    snprintf(out, n, "%s", text ? text : "");
}

/* ---- verdicts ---- */

static int add_pairs(struct store *st, int64_t verdict, const struct verdict_row *v)
{
    struct binder b;
    int rc =
        prepare(st, &b, "INSERT INTO pair(verdict_id, pair, base_ns, cand_ns, candidate_first) VALUES(?, ?, ?, ?, ?)");
    for (uint32_t i = 0; i < v->n && rc == SQLITE_OK; i++) {
        b.at = 0;
        bind_int(&b, verdict);
        bind_int(&b, i);
        bind_real(&b, v->pair[0][i]);
        bind_real(&b, v->pair[1][i]);
        bind_int(&b, v->candidate_first[i]);
        rc = bind_run(&b, NULL);
    }
    sqlite3_finalize(b.stmt);
    return rc;
}

static int add_verdict(struct store *st, const struct result_row *r, const struct verdict_row *v)
{
    int64_t case_id, device_id, id = 0;
    struct binder b;
    bool usual;
    int rc = store_case(st, r, &case_id, &usual);
    if (rc == SQLITE_OK) rc = store_device(st, r->backend, r->caps, &device_id);
    if (rc) return rc;
    prepare(st, &b,
            "INSERT INTO verdict(run_id, case_id, device_id, method, pass, status, cause, ratio, ci_lo, ci_hi, p, q,"
            " mde, min_effect, base_ns, cand_ns, n) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "RETURNING id");
    bind_int(&b, st->run_id);
    bind_int(&b, case_id);
    bind_int(&b, device_id);
    bind_text(&b, v->method);
    bind_int(&b, v->pass);
    bind_text(&b, v->status);
    bind_text(&b, v->cause);
    const double compared[] = { v->ratio, v->lo, v->hi };
    for (size_t i = 0; i < MXB_COUNT(compared); i++)
        bind_real(&b, v->ratio > 0 && isfinite(compared[i]) ? compared[i] : NAN);
    const double figure[] = { v->p, v->q, v->mde, v->min_effect, v->base_ns > 0 ? v->base_ns : NAN,
                              v->cand_ns > 0 ? v->cand_ns : NAN };
    for (size_t i = 0; i < MXB_COUNT(figure); i++) bind_real(&b, figure[i]);
    bind_int(&b, v->n);
    rc = bind_run(&b, &id);
    sqlite3_finalize(b.stmt);
    if (rc == SQLITE_OK && v->pair[0]) rc = add_pairs(st, id, v);
    return rc;
}

int store_verdict(struct store *st, const struct result_row *r, const struct verdict_row *v, char *err, size_t errlen)
{
    int rc = store_plain(st, "BEGIN IMMEDIATE");
    if (rc == SQLITE_OK) rc = add_verdict(st, r, v);
    return store_finish(st, rc, "cannot store a verdict", err, errlen);
}

/* ---- calibrations ---- */

int store_calibration(struct store *st, const char *backend, const struct mxb_caps *caps, const struct calibration *c,
                      char *err, size_t errlen)
{
    int64_t device_id = 0;
    struct binder b = { 0 };
    int rc = store_plain(st, "BEGIN IMMEDIATE");
    if (rc == SQLITE_OK) rc = store_device(st, backend, caps, &device_id);
    if (rc == SQLITE_OK) {
        prepare(st, &b,
                "INSERT INTO calibration(run_id, device_id, created_ns, rule, decisions, alarms, plant, planted, found)"
                " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
        bind_int(&b, st->run_id);
        bind_int(&b, device_id);
        bind_int(&b, store_now_ns());
        bind_text(&b, c->rule);
        bind_int(&b, c->decisions);
        bind_int(&b, c->alarms);
        bind_real(&b, c->plant);
        bind_int(&b, c->planted);
        bind_int(&b, c->found);
        rc = bind_run(&b, NULL);
        sqlite3_finalize(b.stmt);
    }
    return store_finish(st, rc, "cannot store a calibration", err, errlen);
}

int store_last_calibration(struct store *st, const char *backend, const struct mxb_caps *caps, const char *rule,
                           struct calibration *c, bool *found, char *err, size_t errlen)
{
    int64_t device_id = 0, machine_id = 0, env_id = 0;
    struct binder b = { 0 };
    *found = false;
    int rc = store_plain(st, "BEGIN IMMEDIATE");
    if (rc == SQLITE_OK) rc = store_machine(st->db, &machine_id, &env_id);
    if (rc == SQLITE_OK) {
        st->machine_id = machine_id;
        rc = store_device(st, backend, caps, &device_id);
    }
    if (rc == SQLITE_OK) {
        prepare(
            st, &b,
            "SELECT c.decisions, c.alarms, c.plant, c.planted, c.found FROM calibration c JOIN run u ON u.id = c.run_id"
            " WHERE c.device_id = ? AND u.env_id = ? AND c.rule = ? AND u.state = 'complete'"
            " ORDER BY c.created_ns DESC LIMIT 1");
        bind_int(&b, device_id);
        bind_int(&b, env_id);
        bind_text(&b, rule);
        rc = b.rc;
        if (rc == SQLITE_OK && (rc = sqlite3_step(b.stmt)) == SQLITE_ROW) {
            *found = true;
            *c = (struct calibration){ .rule = rule, .decisions = (uint32_t)sqlite3_column_int64(b.stmt, 0),
                                       .alarms = (uint32_t)sqlite3_column_int64(b.stmt, 1),
                                       .plant = sqlite3_column_double(b.stmt, 2),
                                       .planted = (uint32_t)sqlite3_column_int64(b.stmt, 3),
                                       .found = (uint32_t)sqlite3_column_int64(b.stmt, 4) };
        }
        sqlite3_finalize(b.stmt);
        if (rc == SQLITE_ROW || rc == SQLITE_DONE) rc = SQLITE_OK;
    }
    return store_finish(st, rc, "cannot read the calibrations", err, errlen);
}

/* ---- history ---- */

/* ?1 run, ?2 hash, ?3 def_version, ?4 device.  Without a result the run, case and device alone would say nothing. */
static const char present_sql[] =
    "SELECT r.status, r.reason, r.median_ns, r.noise FROM result r JOIN run u ON u.id = r.run_id"
    " JOIN bench_case c ON c.id = r.case_id"
    " WHERE u.uuid = ?1 AND c.hash = ?2 AND c.def_version = ?3 AND r.device_id = ?4 ORDER BY r.attempt DESC LIMIT 1";
#define EARLIER(condition)                                                                                             \
    " FROM result r JOIN run u ON u.id = r.run_id JOIN bench_case c ON c.id = r.case_id, run t"                        \
    " WHERE t.uuid = ?1 AND c.hash = ?2 AND c.def_version = ?3 AND r.device_id = ?4 AND u.id <> t.id"                  \
    " AND u.started_ns < t.started_ns AND u.machine_id = t.machine_id AND u.state = 'complete'"                        \
    " AND u.purpose IN ('bench', 'conformance')" condition " ORDER BY r.finished_ns DESC, r.id DESC LIMIT ?5"
static const char last_sql[] = "SELECT r.status" EARLIER("");
static const char before_sql[] = "SELECT r.median_ns" EARLIER(
    " AND r.status = 'PASS' AND r.median_ns > 0 AND r.noise & ?6 = 0 AND u.env_id = t.env_id AND u.branch = t.branch"
    " AND r.finished_ns >= ifnull((SELECT max(b.from_ns) FROM baseline b WHERE b.machine_id = t.machine_id"
    " AND (b.case_id IS NULL OR b.case_id = r.case_id)), 0)");

static void bind_where(struct binder *b, const char *uuid, const struct result_row *r, int64_t device_id)
{
    bind_text(b, uuid);
    bind_hash(b, r->case_id);
    bind_int(b, r->def_version);
    bind_int(b, device_id);
}

static int read_history(struct store *st, const char *uuid, const struct result_row *r, int64_t device_id,
                        struct history *h)
{
    struct binder b;
    int rc = prepare(st, &b, present_sql);
    bind_where(&b, uuid, r, device_id);
    if (rc == SQLITE_OK && (rc = sqlite3_step(b.stmt)) == SQLITE_ROW) {
        copy_text(b.stmt, 0, h->status, sizeof h->status);
        copy_text(b.stmt, 1, h->reason, sizeof h->reason);
        h->median_ns = sqlite3_column_double(b.stmt, 2);
        h->noise = (uint32_t)sqlite3_column_int64(b.stmt, 3);
    }
    sqlite3_finalize(b.stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) return rc;

    rc = prepare(st, &b, last_sql);
    bind_where(&b, uuid, r, device_id);
    bind_int(&b, 1);
    if (rc == SQLITE_OK && (rc = sqlite3_step(b.stmt)) == SQLITE_ROW)
        copy_text(b.stmt, 0, h->last_status, sizeof h->last_status);
    sqlite3_finalize(b.stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) return rc;

    rc = prepare(st, &b, before_sql);
    bind_where(&b, uuid, r, device_id);
    bind_int(&b, SCREEN_RUNS);
    bind_int(&b, NOISE_NOT_STEADY | NOISE_CLOCK | NOISE_THROTTLED);
    if (rc == SQLITE_OK)
        while ((rc = sqlite3_step(b.stmt)) == SQLITE_ROW && h->n < SCREEN_RUNS)
            h->before[h->n++] = log(sqlite3_column_double(b.stmt, 0));
    sqlite3_finalize(b.stmt);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

int store_history(struct store *st, const char *run_uuid, const struct result_row *r, struct history *h, char *err,
                  size_t errlen)
{
    int64_t device_id = 0, env_id;
    memset(h, 0, sizeof *h);
    int rc = store_plain(st, "BEGIN IMMEDIATE");           /* device and machine are looked up by inserting them ... */
    if (rc == SQLITE_OK && !st->machine_id) rc = store_machine(st->db, &st->machine_id, &env_id);     /* ... once */
    if (rc == SQLITE_OK) rc = store_device(st, r->backend, r->caps, &device_id);
    if (rc == SQLITE_OK) rc = read_history(st, run_uuid, r, device_id, h);
    return store_finish(st, rc, "cannot read the history", err, errlen);
}

/* ---- baselines ---- */

int store_accept(struct store *st, const char *hex, const char *reason, uint32_t *changed, char *err, size_t errlen)
{
    static const char all_sql[] = "INSERT INTO baseline(machine_id, case_id, from_ns, reason) VALUES(?1, NULL, ?2, ?3)";
    static const char some_sql[] = "INSERT INTO baseline(machine_id, case_id, from_ns, reason) SELECT ?1, id, ?2, ?3"
                                   " FROM bench_case WHERE hash BETWEEN ?4 AND ?4 || 'g'";
    int64_t env_id;
    struct binder b = { 0 };
    int rc = store_plain(st, "BEGIN IMMEDIATE");
    if (rc == SQLITE_OK) rc = store_machine(st->db, &st->machine_id, &env_id);
    if (rc == SQLITE_OK) {
        prepare(st, &b, *hex ? some_sql : all_sql);
        bind_int(&b, st->machine_id);
        bind_int(&b, store_now_ns());
        bind_text(&b, reason);
        if (*hex) bind_text(&b, hex);
        rc = bind_run(&b, NULL);
        *changed = (uint32_t)sqlite3_changes(st->db);
        sqlite3_finalize(b.stmt);
    }
    return store_finish(st, rc, "cannot store a baseline", err, errlen);
}

int store_baselines(struct store *st, void (*each)(void *ctx, const struct baseline_row *), void *ctx, char *err,
                    size_t errlen)
{
    struct binder b;
    int rc = prepare(st, &b,
                     "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', b.from_ns / 1000000000, 'unixepoch'), ifnull(c.hash, ''),"
                     " ifnull(c.case_text, ''), b.reason FROM baseline b LEFT JOIN bench_case c ON c.id = b.case_id"
                     " ORDER BY b.id");
    if (rc == SQLITE_OK)
        while ((rc = sqlite3_step(b.stmt)) == SQLITE_ROW)
            each(ctx, &(struct baseline_row){
                          (const char *)sqlite3_column_text(b.stmt, 0), (const char *)sqlite3_column_text(b.stmt, 1),
                          (const char *)sqlite3_column_text(b.stmt, 2), (const char *)sqlite3_column_text(b.stmt, 3) });
    sqlite3_finalize(b.stmt);
    return rc == SQLITE_DONE ? 0 : store_fail(st->db, st->path, rc, "cannot read the baselines", err, errlen);
}
