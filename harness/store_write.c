/* Writes one finished case: the result, its rounds and their samples, in one transaction. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "harness/json.h"
#include "harness/store_internal.h"
#include "harness/suite.h"

static const char *const sql_of[STMT_COUNT] = {
    [STMT_BEGIN] = "BEGIN IMMEDIATE",                /* the write lock at once, so that nothing later meets BUSY */
    [STMT_COMMIT] = "COMMIT",
    [STMT_ROLLBACK] = "ROLLBACK",
    [STMT_FIND_CASE] = "SELECT id, repro FROM bench_case WHERE hash = ? AND def_version = ?",
    [STMT_ADD_CASE] =
        "INSERT INTO bench_case(hash, def_version, case_text, op, entry, dtype, params_json, seed, cache, bytes, flops,"
        " repro) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    [STMT_DEVICE] =
        "INSERT INTO device(machine_id, backend, name, driver, driver_version, api, uuid, vendor_id, product_id, units,"
        " features, caps_json) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET name = name RETURNING id",
    [STMT_RESULT] =
        "INSERT INTO result(run_id, case_id, device_id, suite, finished_ns, impl, tile, status, reason, repro, err_rms,"
        " err_max, compared, setup_ns, compile_ns, first_ns, check_ns, oracle_ns, case_ns, nround, noise, median_ns,"
        " ci_lo_ns, ci_hi_ns, gbps, gflops, limit_ns, limit_by, attempt) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
        " ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, (SELECT"
        " ifnull(max(attempt) + 1, 0)"
        " FROM result WHERE run_id = ?1 AND case_id = ?2 AND device_id = ?3 AND suite = ?4)) RETURNING id",
    [STMT_ROUND] =
        "INSERT INTO round(result_id, round, clock, n, batch, warmup_n, noise, stop_reason, first_ns, min_ns, q1_ns,"
        " median_ns, q3_ns, p99_ns, max_ns, mean_ns, sd_ns, mad_ns, ci_lo_ns, ci_hi_ns, rho1, neff, drift_pct,"
        " host_median_ns, canary_ns) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " RETURNING id",
    [STMT_BLOB] = "INSERT INTO sample_blob(round_id, clock, codec, n, crc32, data) VALUES(?, ?, 1, ?, ?, ?)",
};

/* ---- parameters ---- */

static void keep_first(struct binder *b, int rc)
{
    if (b->rc == SQLITE_OK) b->rc = rc;
}

void bind_text(struct binder *b, const char *text)
{
    keep_first(b, sqlite3_bind_text(b->stmt, ++b->at, text ? text : "", -1, SQLITE_TRANSIENT));
}

void bind_int(struct binder *b, int64_t v)
{
    keep_first(b, sqlite3_bind_int64(b->stmt, ++b->at, v));
}

void bind_real(struct binder *b, double v)
{
    keep_first(b, sqlite3_bind_double(b->stmt, ++b->at, v));   /* SQLite stores NaN as NULL */
}

void bind_hash(struct binder *b, uint64_t v)
{
    char hex[17];
    snprintf(hex, sizeof hex, "%016llx", (unsigned long long)v);
    bind_text(b, hex);
}

void bind_blob(struct binder *b, void *data, size_t bytes)
{
    keep_first(b, sqlite3_bind_blob64(b->stmt, ++b->at, data, bytes, free));
}

int bind_run(struct binder *b, int64_t *id)
{
    int rc = b->rc;
    if (id) *id = 0;
    if (rc == SQLITE_OK) rc = sqlite3_step(b->stmt);
    if (rc == SQLITE_ROW) {
        if (id) *id = sqlite3_column_int64(b->stmt, 0);
        rc = sqlite3_step(b->stmt);                  /* an INSERT ... RETURNING has ended only now */
    }
    sqlite3_reset(b->stmt);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Prepares on first use. */
static struct binder statement(struct store *st, enum store_stmt which)
{
    struct binder b = { 0 };
    sqlite3_stmt **s = &st->stmt[which];
    if (!*s) b.rc = sqlite3_prepare_v3(st->db, sql_of[which], -1, SQLITE_PREPARE_PERSISTENT, s, NULL);
    b.stmt = *s;
    return b;
}

static int run_plain(struct store *st, enum store_stmt which)
{
    struct binder b = statement(st, which);
    return bind_run(&b, NULL);
}

/* ---- ids ---- */

/* Not remembered: a case comes once per run and device, and the search in the index costs microseconds. */
int store_case(struct store *st, const struct result_row *r, int64_t *id, bool *usual)
{
    struct binder b = statement(st, STMT_FIND_CASE);
    *id = 0;
    bind_hash(&b, r->case_id);
    bind_int(&b, r->def_version);
    int rc = b.rc ? b.rc : sqlite3_step(b.stmt);
    *usual = true;
    if (rc == SQLITE_ROW) {
        *id = sqlite3_column_int64(b.stmt, 0);
        *usual = strcmp((const char *)sqlite3_column_text(b.stmt, 1), r->repro) == 0;
    }
    sqlite3_reset(b.stmt);
    if (rc != SQLITE_DONE) return rc == SQLITE_ROW ? SQLITE_OK : rc;

    *usual = r->status == ST_PASS || r->status == ST_SKIP;   /* the line of a failure names the fill that failed */
    b = statement(st, STMT_ADD_CASE);
    bind_hash(&b, r->case_id);
    bind_int(&b, r->def_version);
    bind_text(&b, r->case_text);
    bind_text(&b, r->op);
    bind_text(&b, r->entry);
    bind_text(&b, r->dtype);
    bind_text(&b, r->params_json);
    bind_int(&b, (int64_t)r->seed);
    bind_text(&b, r->cache == CACHE_COLD ? "cold" : "warm");
    bind_real(&b, r->bytes);
    bind_real(&b, r->flops);
    bind_text(&b, *usual ? r->repro : "");
    return bind_run(&b, id);
}

/* The capabilities that have no column of their own. */
static int caps_json(const struct mxb_caps *c, char **text)
{
    static const char *const kind[] = { "cpu", "integrated", "discrete", "virtual", "other" };
    struct json j = { 0 };
    json_object(&j, NULL);
    json_string(&j, "kind", kind[c->kind <= MXB_KIND_OTHER ? c->kind : MXB_KIND_OTHER]);
    json_uint(&j, "max_wg", c->max_wg);
    json_array(&j, "max_wg_dim");
    for (int i = 0; i < 3; i++) json_uint(&j, NULL, c->max_wg_dim[i]);
    json_end(&j);
    json_array(&j, "max_groups");
    for (int i = 0; i < 3; i++) json_uint(&j, NULL, c->max_groups[i]);
    json_end(&j);
    json_uint(&j, "sg_min", c->sg_min);
    json_uint(&j, "sg_max", c->sg_max);
    json_uint(&j, "push_bytes", c->push_bytes);
    json_uint(&j, "max_bind", c->max_bind);
    json_uint(&j, "bind_align", c->bind_align);
    json_uint(&j, "local_bytes", c->local_bytes);
    json_uint(&j, "mem_bytes", c->mem_bytes);
    json_uint(&j, "max_buffer", c->max_buffer);
    json_uint(&j, "llc_bytes", c->llc_bytes);
    json_double(&j, "tick_ns", c->tick_ns);
    json_uint(&j, "ts_valid_bits", c->ts_valid_bits);
    json_end(&j);
    return json_finish(&j, text);
}

static int add_device(struct store *st, const char *backend, const struct mxb_caps *caps, int64_t *id)
{
    static const struct mxb_caps none;
    const struct mxb_caps *c = caps ? caps : &none;
    char *json = NULL;
    if (caps && caps_json(caps, &json)) return SQLITE_NOMEM;
    struct binder b = statement(st, STMT_DEVICE);
    bind_int(&b, st->machine_id);
    bind_text(&b, backend);
    bind_text(&b, c->name);
    bind_text(&b, c->driver);
    bind_text(&b, c->driver_version);
    bind_text(&b, c->api);
    bind_text(&b, c->uuid);
    bind_int(&b, c->vendor_id);
    bind_int(&b, c->device_id);
    bind_int(&b, c->units);
    bind_int(&b, (int64_t)c->features);
    bind_text(&b, json ? json : "{}");
    const int rc = bind_run(&b, id);
    free(json);
    return rc;
}

int store_device(struct store *st, const char *backend, const struct mxb_caps *caps, int64_t *id)
{
    for (uint32_t i = 0; i < st->ndevice; i++) {
        const struct known_device *d = &st->device[i];
        if (d->present != (caps != NULL) || strcmp(d->backend, backend) != 0) continue;
        /* Padding that differs costs no more than another look into the table.
         * NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
        if (caps && memcmp(&d->caps, caps, sizeof *caps) != 0) continue;
        *id = d->id;
        return SQLITE_OK;
    }
    const int rc = add_device(st, backend, caps, id);
    if (rc || st->ndevice == KNOWN_DEVICES || strlen(backend) >= sizeof st->device[0].backend) return rc;
    struct known_device *d = &st->device[st->ndevice++];
    memset(d, 0, sizeof *d);
    strcpy(d->backend, backend);
    d->present = caps != NULL;
    if (caps) memcpy(&d->caps, caps, sizeof *caps);  /* not an assignment: memcmp() above sees the padding too */
    d->id = *id;
    return rc;
}

/* ---- rows ---- */

static int add_samples(struct store *st, int64_t round_id, const char *clock, const double *ns, uint32_t n)
{
    unsigned char *data;
    size_t bytes;
    const int packed = samples_pack(ns, n, &data, &bytes);
    if (packed) return packed == MXB_ENOMEM ? SQLITE_NOMEM : SQLITE_MISMATCH;
    struct binder b = statement(st, STMT_BLOB);
    bind_int(&b, round_id);
    bind_text(&b, clock);
    bind_int(&b, n);
    bind_int(&b, (int64_t)crc32(0, data, (uInt)bytes));
    bind_blob(&b, data, bytes);
    return bind_run(&b, NULL);
}

static int add_round(struct store *st, int64_t result_id, uint32_t round, const struct measurement *m)
{
    const bool device = m->clock == 'd';
    const struct summary *s = &m->s;
    int64_t id = 0;
    assert(m->n >= 1 && m->n <= MEASURE_MAX_SAMPLES);
    struct binder b = statement(st, STMT_ROUND);
    bind_int(&b, result_id);
    bind_int(&b, round);
    bind_text(&b, device ? "device" : "host");
    bind_int(&b, m->n);
    bind_int(&b, m->batch);
    bind_int(&b, m->warmup_n);
    bind_int(&b, m->noise);
    bind_text(&b, m->stop_reason);
    bind_real(&b, m->first_ns);
    const double figure[] = { s->min, s->q1, s->median, s->q3, s->p99, s->max, s->mean, s->sd, s->mad,
                              s->ci_lo, s->ci_hi, s->rho1, s->neff, s->drift_pct, stats_median(m->host_ns, m->n),
                              m->canary_ns[0] > 0 ? fmax(m->canary_ns[0], m->canary_ns[1]) : NAN };
    for (size_t i = 0; i < MXB_COUNT(figure); i++) bind_real(&b, figure[i]);
    int rc = bind_run(&b, &id);
    if (rc == SQLITE_OK && device) rc = add_samples(st, id, "device", m->ns, m->n);
    if (rc == SQLITE_OK) rc = add_samples(st, id, "host", m->host_ns, m->n);
    return rc;
}

int store_add_result(struct store *st, const struct result_row *r)
{
    int64_t case_id, device_id, id = 0;
    bool usual;
    int rc = store_case(st, r, &case_id, &usual);
    if (rc == SQLITE_OK) rc = store_device(st, r->backend, r->caps, &device_id);
    if (rc) return rc;

    uint32_t noise = 0;
    for (uint32_t i = 0; i < r->nround; i++) noise |= r->round[i].noise;
    const bool compared = r->compared > 0, timed = r->median_ns > 0;
    struct binder b = statement(st, STMT_RESULT);
    bind_int(&b, st->run_id);
    bind_int(&b, case_id);
    bind_int(&b, device_id);
    bind_text(&b, r->suite);
    bind_int(&b, store_now_ns());
    bind_text(&b, r->impl);
    bind_text(&b, r->tile);
    bind_text(&b, status_name(r->status));
    bind_text(&b, r->reason);
    bind_text(&b, usual ? "" : r->repro);
    bind_real(&b, compared ? r->err_rms : NAN);
    bind_real(&b, compared ? r->err_max : NAN);
    bind_int(&b, (int64_t)r->compared);
    const double part[] = { r->setup_ns, r->compile_ns, r->first_ns, r->check_ns, r->oracle_ns, r->case_ns };
    for (size_t i = 0; i < MXB_COUNT(part); i++) bind_real(&b, part[i] >= 0 ? part[i] : NAN);
    bind_int(&b, r->nround);
    bind_int(&b, noise);
    const double figure[] = { r->median_ns, r->ci_lo_ns, r->ci_hi_ns, r->gbps, r->gflops };
    for (size_t i = 0; i < MXB_COUNT(figure); i++) bind_real(&b, timed ? figure[i] : NAN);
    bind_real(&b, timed && r->limit_ns > 0 ? r->limit_ns : NAN);
    bind_text(&b, timed && r->limit_ns > 0 ? r->limit_by : "");
    rc = bind_run(&b, &id);
    for (uint32_t i = 0; i < r->nround && rc == SQLITE_OK; i++) rc = add_round(st, id, i, &r->round[i]);
    return rc;
}

int store_plain(struct store *st, const char *sql)
{
    return sqlite3_exec(st->db, sql, NULL, NULL, NULL);
}

int store_finish(struct store *st, int rc, const char *what, char *err, size_t errlen)
{
    if (rc == SQLITE_OK) rc = store_plain(st, "COMMIT");
    if (rc == SQLITE_OK) return 0;
    store_fail(st->db, st->path, rc, what, err, errlen);
    if (!sqlite3_get_autocommit(st->db)) store_plain(st, "ROLLBACK");
    st->ndevice = 0;                                 /* rows that the rollback removed must not be used again */
    return MXB_EDB;
}

int store_result(struct store *st, const struct result_row *r, char *err, size_t errlen)
{
    assert(st->run_id);                              /* store_begin() comes first */
    int rc = store_in_place(st, err, errlen);
    if (rc) return rc;
    rc = run_plain(st, STMT_BEGIN);
    if (rc == SQLITE_OK) rc = store_add_result(st, r);
    if (rc == SQLITE_OK) rc = run_plain(st, STMT_COMMIT);
    if (rc == SQLITE_OK) return 0;
    store_fail(st->db, st->path, rc, "cannot store a result", err, errlen);
    if (!sqlite3_get_autocommit(st->db)) run_plain(st, STMT_ROLLBACK);
    st->ndevice = 0;                                 /* rows that the rollback removed must not be used again */
    return MXB_EDB;
}
