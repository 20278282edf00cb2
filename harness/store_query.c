/* Reads stored runs, devices, results and samples back (store_query.h). */
#include "harness/store_query.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "harness/store_internal.h"
#include "harness/store_points.h"

struct reader {                      /* one statement and where its text goes */
    struct store *st;
    struct pool *pool;
    sqlite3_stmt *s;
    int rc, at;                      /* at: next column */
};

static const char *text(struct reader *r)
{
    const unsigned char *t = sqlite3_column_text(r->s, r->at++);
    const char *copy = t ? pool_text(r->pool, (const char *)t, strlen((const char *)t)) : "";
    if (!copy) r->rc = SQLITE_NOMEM;
    return copy ? copy : "";
}

static const char *text_or_null(struct reader *r)
{
    const char *t = text(r);
    return *t ? t : NULL;
}

static int64_t whole(struct reader *r) { return sqlite3_column_int64(r->s, r->at++); }

static double real(struct reader *r)
{
    const int column = r->at++;
    return sqlite3_column_type(r->s, column) == SQLITE_NULL ? NAN : sqlite3_column_double(r->s, column);
}

static bool next_row(struct reader *r)
{
    if (r->rc != SQLITE_OK) return false;
    const int rc = sqlite3_step(r->s);
    r->at = 0;
    if (rc != SQLITE_ROW) r->rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
    return rc == SQLITE_ROW;
}

static int close_reader(struct reader *r, char *err, size_t errlen)
{
    sqlite3_finalize(r->s);
    return r->rc == SQLITE_OK ? 0 : store_fail(r->st->db, r->st->path, r->rc, "cannot read results", err, errlen);
}

static void prepare(struct reader *r, const char *sql)
{
    r->rc = sqlite3_prepare_v2(r->st->db, sql, -1, &r->s, NULL);
}

/* Grows an array by one zeroed element; NULL = no memory. */
static void *grow(struct reader *r, void **array, uint32_t *n, size_t size)
{
    if ((*n & (*n - 1)) == 0) {      /* full: the capacity is a power of two */
        void *more = pool_alloc(r->pool, (*n ? 2 * (size_t)*n : 1) * size);
        if (!more) {
            r->rc = SQLITE_NOMEM;
            return NULL;
        }
        if (*n) memcpy(more, *array, *n * size);
        *array = more;
    }
    return (char *)*array + (*n)++ * size;
}

/* ---- which runs ---- */

/* All runs, oldest first, or the last one. */
static int list_runs(struct store *st, bool all, int64_t **id, uint32_t *n, char *err, size_t errlen)
{
    struct reader r = { .st = st };
    prepare(&r, all ? "SELECT id FROM run WHERE purpose <> 'roofline' ORDER BY started_ns, id"
                    : "SELECT id FROM run WHERE purpose <> 'roofline' ORDER BY started_ns DESC, id DESC LIMIT 1");
    while (next_row(&r)) {
        int64_t *more = realloc(*id, (*n + 1) * sizeof(**id));
        if (!more) {
            r.rc = SQLITE_NOMEM;
            break;
        }
        *id = more;
        more[(*n)++] = whole(&r);
    }
    const int rc = close_reader(&r, err, errlen);
    if (rc || *n) return rc;
    snprintf(err, errlen, "database '%s' has no run", st->path);
    return MXB_ENOENT;
}

static int add_word(struct store *st, const char *word, int64_t **id, uint32_t *n, char *err, size_t errlen)
{
    int64_t *found = NULL;
    uint32_t nfound = 0;
    if (strcmp(word, "all") == 0) return list_runs(st, true, id, n, err, errlen);
    const int rc = store_find_runs(st, word, &found, &nfound, err, errlen);
    if (rc) return rc;
    int64_t *more = realloc(*id, (*n + nfound) * sizeof(**id));
    if (more) {
        memcpy(more + *n, found, nfound * sizeof(*found));
        *id = more;
        *n += nfound;
    } else snprintf(err, errlen, "out of memory");
    free(found);
    return more ? 0 : MXB_ENOMEM;
}

int query_runs(struct store *st, const char *const *word, uint32_t nword, int64_t **id, uint32_t *n, char *err,
               size_t errlen)
{
    *id = NULL;
    *n = 0;
    int rc = nword ? 0 : list_runs(st, false, id, n, err, errlen);
    for (uint32_t i = 0; i < nword && rc == 0; i++) rc = add_word(st, word[i], id, n, err, errlen);
    if (rc == 0) return 0;
    free(*id);
    *id = NULL;
    *n = 0;
    return rc;
}

/* ---- results ---- */

#define MOMENT(column) "ifnull(strftime('%Y-%m-%dT%H:%M:%SZ', " column " / 1000000000, 'unixepoch'), '')"

/* The wanted results are in the temporary table `wanted`. */
static const char result_sql[] =
    "SELECT r.id, u.id, d.id, substr(c.hash, 1, 10), r.suite, c.op, c.entry, c.dtype, d.backend, d.name,"
    " d.driver_version, r.impl, r.tile, c.cache, c.params_json, r.status, r.reason,"
    " CASE WHEN r.repro = '' THEN c.repro ELSE r.repro END, u.uuid, " MOMENT("r.finished_ns") ", c.case_text,"
    " (SELECT clock FROM round WHERE result_id = r.id LIMIT 1), r.limit_by, c.seed, r.compared,"
    " ifnull((SELECT sum(n) FROM round WHERE result_id = r.id), 0), r.nround, r.noise, r.err_rms, r.err_max,"
    " r.median_ns, r.ci_lo_ns, r.ci_hi_ns, r.gbps, r.gflops, c.bytes, c.flops, r.compile_ns, r.setup_ns, r.first_ns,"
    " r.oracle_ns, r.case_ns, r.limit_ns, 100 * r.limit_ns / r.median_ns, r.limit_ns > 1.05 * r.median_ns"
    " FROM temp.wanted w JOIN result r ON r.id = w.id JOIN run u ON u.id = r.run_id"
    " JOIN bench_case c ON c.id = r.case_id JOIN device d ON d.id = r.device_id ORDER BY u.started_ns, u.id, r.id";
static const char run_sql[] =
    "SELECT u.id, u.uuid, " MOMENT("u.started_ns") ", " MOMENT("u.finished_ns") ", u.state, u.purpose,"
    " u.mlxbench_version, u.vcs_commit, u.branch, u.cmdline, u.vcs_dirty, m.hostname, m.cpu, m.board, e.os, e.kernel,"
    " e.governor, e.compiler, e.cflags, m.ncpu, m.ram_gib"
    " FROM run u JOIN machine m ON m.id = u.machine_id JOIN env e ON e.id = u.env_id"
    " WHERE u.id IN (SELECT r.run_id FROM result r JOIN temp.wanted w ON w.id = r.id)"
    " OR u.id IN (SELECT id FROM temp.wanted_run) ORDER BY u.started_ns, u.id";
static const char device_sql[] =
    "SELECT d.id, d.backend, d.name, d.driver, d.driver_version, d.api, d.caps_json, m.hostname, d.units,"
    " f.memory_gbps, f.cache_gbps, f.f32_gflops, f.f16_gflops FROM device d JOIN machine m ON m.id = d.machine_id"
    " LEFT JOIN roofline f ON f.id ="
    " (SELECT id FROM roofline WHERE device_id = d.id ORDER BY measured_ns DESC LIMIT 1)"
    " WHERE d.id IN (SELECT r.device_id FROM result r JOIN temp.wanted w ON w.id = r.id)"
    " ORDER BY d.backend, d.name, d.id";

static void read_runs(struct reader *r, struct result_set *out)
{
    while (next_row(r)) {
        struct stored_run *u = grow(r, (void **)&out->run, &out->nrun, sizeof(*u));
        if (!u) return;
        u->id = whole(r);
        const char **const field[] = { &u->uuid,    &u->started, &u->finished, &u->state,  &u->purpose,
                                       &u->version, &u->commit,  &u->branch,   &u->cmdline };
        for (size_t i = 0; i < MXB_COUNT(field); i++) *field[i] = text(r);
        u->dirty = whole(r) != 0;
        const char **const place[] = { &u->hostname, &u->cpu,      &u->board,    &u->os,
                                       &u->kernel,   &u->governor, &u->compiler, &u->cflags };
        for (size_t i = 0; i < MXB_COUNT(place); i++) *place[i] = text(r);
        u->ncpu = whole(r);
        u->ram_gib = whole(r);
    }
}

/* "vulkan"; with the name, driver or machine behind it where another device of the set would be called the same. */
static const char *label_of(struct reader *r, const struct result_set *s, const struct stored_device *d)
{
    const char *more = "";
    bool backend = false, name = false, driver = false;
    char label[400];
    for (uint32_t i = 0; i < s->ndevice; i++) {
        const struct stored_device *o = &s->device[i];
        if (o == d || strcmp(o->backend, d->backend) != 0) continue;
        backend = true;
        if (strcmp(o->name, d->name) != 0) continue;
        name = true;
        driver |= strcmp(o->driver_version, d->driver_version) == 0;
    }
    if (name) more = driver ? d->hostname : d->driver_version;
    if (!backend) return d->backend;
    snprintf(label, sizeof(label), "%s %s%s%s", d->backend, *d->name ? d->name : "(none)", *more ? ", " : "", more);
    return pool_text(r->pool, label, strlen(label));
}

static void read_devices(struct reader *r, struct result_set *out)
{
    while (next_row(r)) {
        struct stored_device *d = grow(r, (void **)&out->device, &out->ndevice, sizeof(*d));
        if (!d) return;
        d->id = whole(r);
        const char **const field[] = { &d->backend, &d->name,      &d->driver,  &d->driver_version,
                                       &d->api,     &d->caps_json, &d->hostname };
        for (size_t i = 0; i < MXB_COUNT(field); i++) *field[i] = text(r);
        d->units = whole(r);
        double *const peak[] = { &d->memory_gbps, &d->cache_gbps, &d->f32_gflops, &d->f16_gflops };
        for (size_t i = 0; i < MXB_COUNT(peak); i++) *peak[i] = real(r);
    }
    for (uint32_t i = 0; i < out->ndevice && r->rc == SQLITE_OK; i++) {
        out->device[i].label = label_of(r, out, &out->device[i]);
        if (!out->device[i].label) r->rc = SQLITE_NOMEM;
    }
}

static void read_results(struct reader *r, struct result_set *out)
{
    while (next_row(r)) {
        struct stored_result *x = grow(r, (void **)&out->result, &out->nresult, sizeof(*x));
        if (!x) return;
        struct result_line *l = &x->line;
        x->id = whole(r);
        const int64_t run = whole(r), device = whole(r);
        for (x->run = 0; x->run + 1 < out->nrun && out->run[x->run].id != run; ) x->run++;
        for (x->device = 0; x->device + 1 < out->ndevice && out->device[x->device].id != device; ) x->device++;
        const char **const field[] = { &l->id,     &l->suite,  &l->op,    &l->entry, &l->dtype,   &l->backend,
                                       &l->device, &l->driver, &l->impl,  &l->tile,  &l->cache,   &l->params_json,
                                       &l->status, &l->reason, &l->repro, &l->run,   &l->finished };
        for (size_t i = 0; i < MXB_COUNT(field); i++) *field[i] = text_or_null(r);
        x->case_text = text(r);
        l->clock = text_or_null(r);
        l->limit_by = text_or_null(r);
        l->device_label = out->device[x->device].label;
        l->kernel_ns = NAN;          /* not stored */
        l->seed = (uint64_t)whole(r);
        l->compared = (uint64_t)whole(r);
        l->n = (uint32_t)whole(r);
        l->rounds = (uint32_t)whole(r);
        l->noise = (uint32_t)whole(r);
        double *const figure[] = { &l->err_rms,   &l->err_max,   &l->median_ns, &l->ci_lo_ns, &l->ci_hi_ns,
                                   &l->gbps,      &l->gflops,    &l->bytes,     &l->flops,    &l->compile_ns,
                                   &l->setup_ns,  &l->first_ns,  &l->oracle_ns, &l->case_ns,  &l->limit_ns,
                                   &l->limit_pct, &l->impossible };
        for (size_t i = 0; i < MXB_COUNT(figure); i++) *figure[i] = real(r);
    }
}

static int read_all(struct store *st, struct result_set *out, char *err, size_t errlen)
{
    static const struct { const char *sql; void (*read)(struct reader *, struct result_set *); } part[] = {
        { run_sql, read_runs }, { device_sql, read_devices }, { result_sql, read_results } };
    int rc = 0;
    *out = (struct result_set){ 0 };
    for (size_t i = 0; i < MXB_COUNT(part) && rc == 0; i++) {
        struct reader r = { .st = st, .pool = &out->pool };
        prepare(&r, part[i].sql);
        if (r.rc == SQLITE_OK) part[i].read(&r, out);
        rc = close_reader(&r, err, errlen);
    }
    if (rc) result_set_free(out);
    return rc;
}

static int start_wanted(struct store *st)
{
    return sqlite3_exec(st->db,
                        "CREATE TEMP TABLE IF NOT EXISTS wanted(id INTEGER PRIMARY KEY);"
                        "CREATE TEMP TABLE IF NOT EXISTS wanted_run(id INTEGER PRIMARY KEY);"
                        "CREATE TEMP TABLE IF NOT EXISTS wanted_backend(name TEXT PRIMARY KEY);"
                        "DELETE FROM temp.wanted; DELETE FROM temp.wanted_run; DELETE FROM temp.wanted_backend",
                        NULL, NULL, NULL);
}

/* INSERT ... VALUES(?) for one text or (text NULL) number. */
static int insert_one(struct store *st, const char *sql, const char *word, int64_t number)
{
    struct binder b = { 0 };
    b.rc = sqlite3_prepare_v2(st->db, sql, -1, &b.stmt, NULL);
    if (word) bind_text(&b, word);
    else bind_int(&b, number);
    const int rc = bind_run(&b, NULL);
    sqlite3_finalize(b.stmt);
    return rc;
}

static int pick_wanted(struct store *st, const struct result_filter *f)
{
    static const char sql[] =
        "INSERT INTO temp.wanted SELECT r.id FROM result r JOIN bench_case c ON c.id = r.case_id JOIN device d ON d.id "
        "= r.device_id"
        " WHERE (?1 OR r.run_id IN (SELECT id FROM temp.wanted_run)) AND (?2 = '' OR c.op = ?2) AND (?3 = '' OR "
        "c.entry = ?3)"
        " AND c.hash BETWEEN ?4 AND ?4 || 'g' AND (?5 OR d.backend IN (SELECT name FROM temp.wanted_backend))"
        " AND (?6 = '' OR c.case_text GLOB ?6)";
    char glob[600] = "";
    struct binder b = { 0 };
    if (f->text && *f->text) snprintf(glob, sizeof(glob), strpbrk(f->text, "*?[") ? "%s" : "*%s*", f->text);
    b.rc = sqlite3_prepare_v2(st->db, sql, -1, &b.stmt, NULL);
    bind_int(&b, f->nrun == 0);
    bind_text(&b, f->op);
    bind_text(&b, f->entry);
    bind_text(&b, f->case_hash);
    bind_int(&b, f->nbackend == 0);
    bind_text(&b, glob);
    const int rc = bind_run(&b, NULL);
    sqlite3_finalize(b.stmt);
    return rc;
}

int query_results(struct store *st, const struct result_filter *f, struct result_set *out, char *err, size_t errlen)
{
    int rc = start_wanted(st);
    *out = (struct result_set){ 0 };
    for (uint32_t i = 0; i < f->nrun && rc == SQLITE_OK; i++)
        rc = insert_one(st, "INSERT OR IGNORE INTO temp.wanted_run VALUES(?)", NULL, f->run[i]);
    for (uint32_t i = 0; i < f->nbackend && rc == SQLITE_OK; i++)
        rc = insert_one(st, "INSERT OR IGNORE INTO temp.wanted_backend VALUES(?)", f->backend[i], 0);
    if (rc == SQLITE_OK) rc = pick_wanted(st, f);
    return rc ? store_fail(st->db, st->path, rc, "cannot read results", err, errlen) : read_all(st, out, err, errlen);
}

int query_latest(struct store *st, struct result_set *out, char *err, size_t errlen)
{
    *out = (struct result_set){ 0 };
    int rc = start_wanted(st);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(
            st->db,
            "WITH latest AS (SELECT c.entry, d.backend, max(r.run_id) AS run_id FROM result r"
            " JOIN bench_case c ON c.id = r.case_id JOIN device d ON d.id = r.device_id GROUP BY c.entry, d.backend)"
            "INSERT INTO temp.wanted SELECT r.id FROM result r JOIN bench_case c ON c.id = r.case_id"
            " JOIN device d ON d.id = r.device_id JOIN latest l ON l.entry = c.entry AND l.backend = d.backend"
            " AND l.run_id = r.run_id",
            NULL, NULL, NULL);
    return rc ? store_fail(st->db, st->path, rc, "cannot read results", err, errlen) : read_all(st, out, err, errlen);
}

void result_set_free(struct result_set *s)
{
    pool_free(&s->pool);
    *s = (struct result_set){ 0 };
}

/* ---- samples and histories ---- */

static int append_samples(struct reader *r, double **ns, size_t *n)
{
    const size_t add = (size_t)sqlite3_column_int64(r->s, 0), bytes = (size_t)sqlite3_column_bytes(r->s, 2);
    const unsigned char *data = sqlite3_column_blob(r->s, 2);
    if (!add || add > MEASURE_MAX_SAMPLES || !data) return SQLITE_CORRUPT;
    double *more = realloc(*ns, (*n + add) * sizeof(**ns));
    if (!more) return SQLITE_NOMEM;
    *ns = more;
    if (crc32(0, data, (uInt)bytes) != (uLong)sqlite3_column_int64(r->s, 1)) return SQLITE_CORRUPT;
    if (samples_unpack(data, bytes, *ns + *n, add)) return SQLITE_CORRUPT;
    *n += add;
    return SQLITE_OK;
}

int query_samples(struct store *st, int64_t result_id, double **ns, size_t *n, char *err, size_t errlen)
{
    struct reader r = { .st = st };
    *ns = NULL;
    *n = 0;
    prepare(&r, "SELECT b.n, b.crc32, b.data FROM round o JOIN sample_blob b ON b.round_id = o.id AND b.clock = o.clock"
            " WHERE o.result_id = ? ORDER BY o.round");
    if (r.rc == SQLITE_OK) r.rc = sqlite3_bind_int64(r.s, 1, result_id);
    while (next_row(&r)) r.rc = append_samples(&r, ns, n);
    const int rc = close_reader(&r, err, errlen);
    if (rc) {
        free(*ns);
        *ns = NULL;
        *n = 0;
    }
    return rc;
}

int query_well_known(struct store *st, int64_t run_id, uint32_t least, char (*hash)[17], uint32_t max, char *err,
                     size_t errlen)
{
    struct reader r = { .st = st };
    uint32_t n = 0;
    prepare(
        &r,
        "SELECT c.hash FROM result mine JOIN result r ON r.case_id = mine.case_id AND r.device_id = mine.device_id"
        " AND r.median_ns > 0 JOIN bench_case c ON c.id = mine.case_id WHERE mine.run_id = ?1 AND mine.median_ns > 0"
        " GROUP BY c.hash, mine.device_id HAVING count(DISTINCT r.run_id) >= ?2"
        " ORDER BY count(DISTINCT r.run_id) DESC, c.id LIMIT ?3");
    if (r.rc == SQLITE_OK) r.rc = sqlite3_bind_int64(r.s, 1, run_id);
    if (r.rc == SQLITE_OK) r.rc = sqlite3_bind_int64(r.s, 2, least);
    if (r.rc == SQLITE_OK) r.rc = sqlite3_bind_int64(r.s, 3, max);
    while (n < max && next_row(&r)) snprintf(hash[n++], 17, "%s", (const char *)sqlite3_column_text(r.s, 0));
    const int rc = close_reader(&r, err, errlen);
    return rc ? rc : (int)n;
}
