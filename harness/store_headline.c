/* Ratios of pairs in the results database: written by runs, read by reports. */
#include <math.h>
#include <stdlib.h>

#include "harness/headline.h"
#include "harness/store_internal.h"
#include "harness/store_query.h"

#define ARM(x)                                                                                                        \
    x ", " x "_cases, " x "_kernels, " x "_ns, " x "_ci_lo_ns, " x "_ci_hi_ns, " x "_bytes, " x "_err_rms, " x         \
      "_err_max, " x "_nrmse, " x "_notes"
static const char insert_sql[] =
    "INSERT INTO headline(run_id, device_id, suite, name, variant, claim, ratio, ratio_lo, ratio_hi, rounds, reason,"
    " " ARM("a") ", " ARM("b") ", attempt) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
    " ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,"
    " ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33,"
    " (SELECT ifnull(max(attempt) + 1, 0) FROM headline WHERE run_id = ?1 AND device_id = ?2 AND suite = ?3 AND name = ?4"
    " AND variant = ?5))";

static void bind_arm(struct binder *b, const struct headline_arm *a)
{
    bind_text(b, a->text);
    bind_text(b, a->cases);
    bind_int(b, a->kernels);
    const double figure[] = { a->ns, a->ci_lo_ns, a->ci_hi_ns, a->bytes, a->err_rms, a->err_max, a->nrmse };
    for (size_t i = 0; i < MXB_COUNT(figure); i++) bind_real(b, figure[i]);
    bind_text(b, a->notes);
}

static int add_headline(struct store *st, const struct headline *h)
{
    struct binder b = { 0 };
    int64_t device_id;
    int rc = store_device(st, h->backend, h->caps, &device_id);
    if (rc) return rc;
    b.rc = sqlite3_prepare_v2(st->db, insert_sql, -1, &b.stmt, NULL);
    bind_int(&b, st->run_id);
    bind_int(&b, device_id);
    bind_text(&b, h->suite);
    bind_text(&b, h->name);
    bind_int(&b, h->variant);
    bind_text(&b, h->claim);
    bind_real(&b, h->ratio);
    bind_real(&b, h->lo);
    bind_real(&b, h->hi);
    bind_int(&b, h->rounds);
    bind_text(&b, h->reason);
    for (int k = 0; k < 2; k++) bind_arm(&b, &h->arm[k]);
    rc = bind_run(&b, NULL);
    sqlite3_finalize(b.stmt);
    return rc;
}

int store_headline(struct store *st, const struct headline *h, char *err, size_t errlen)
{
    int rc = store_plain(st, "BEGIN IMMEDIATE");
    if (rc == SQLITE_OK) rc = add_headline(st, h);
    return store_finish(st, rc, "cannot store a headline", err, errlen);
}

/* ---- back again ---- */

static const char select_sql[] =
    "SELECT d.id, h.suite, h.name, h.variant, h.claim, d.backend, d.name, d.driver_version, h.ratio, h.ratio_lo,"
    " h.ratio_hi, h.rounds, h.reason, " ARM("h.a") ", " ARM("h.b")
    " FROM headline h JOIN run u ON u.id = h.run_id JOIN device d ON d.id = h.device_id"
    " JOIN json_each(?1) wanted ON wanted.value = h.run_id"
    " ORDER BY u.started_ns, u.id, (SELECT min(id) FROM headline f WHERE f.run_id = h.run_id AND f.suite = h.suite"
    " AND f.name = h.name), h.variant, h.id";        /* pairs as they came, each with all that it has */

static const char *text_at(sqlite3_stmt *s, int *at)
{
    const char *text = (const char *)sqlite3_column_text(s, (*at)++);
    return text ? text : "";
}

static double real_at(sqlite3_stmt *s, int *at)
{
    const int column = (*at)++;
    return sqlite3_column_type(s, column) == SQLITE_NULL ? NAN : sqlite3_column_double(s, column);
}

static void read_arm(sqlite3_stmt *s, int *at, struct headline_arm *a)
{
    a->text = text_at(s, at);
    a->cases = text_at(s, at);
    a->kernels = (uint32_t)sqlite3_column_int(s, (*at)++);
    double *const figure[] = { &a->ns, &a->ci_lo_ns, &a->ci_hi_ns, &a->bytes, &a->err_rms, &a->err_max, &a->nrmse };
    for (size_t i = 0; i < MXB_COUNT(figure); i++) *figure[i] = real_at(s, at);
    a->notes = text_at(s, at);
}

/* The label that the device has in the set. */
static const char *label_of(const struct result_set *set, int64_t device)
{
    for (uint32_t d = 0; d < set->ndevice; d++)
        if (set->device[d].id == device) return set->device[d].label;
    return "";
}

int query_headlines(struct store *st, const struct result_set *set, void (*each)(void *ctx, const struct headline *),
                    void *ctx, char *err, size_t errlen)
{
    sqlite3_stmt *s = NULL;
    int64_t *run = calloc(set->nrun + 1, sizeof *run);
    int rc = run ? sqlite3_prepare_v2(st->db, select_sql, -1, &s, NULL) : SQLITE_NOMEM;
    for (uint32_t i = 0; run && i < set->nrun; i++) run[i] = set->run[i].id;
    if (rc == SQLITE_OK) rc = store_bind_runs(s, run, set->nrun);
    while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct headline h = { 0 };
        int at = 0;
        rc = SQLITE_OK;
        h.device_label = label_of(set, sqlite3_column_int64(s, at++));
        h.suite = text_at(s, &at);
        h.name = text_at(s, &at);
        h.variant = (uint32_t)sqlite3_column_int(s, at++);
        h.claim = text_at(s, &at);
        h.backend = text_at(s, &at);
        h.device = text_at(s, &at);
        h.driver = text_at(s, &at);
        h.ratio = real_at(s, &at);
        h.lo = real_at(s, &at);
        h.hi = real_at(s, &at);
        h.rounds = (uint32_t)sqlite3_column_int(s, at++);
        h.reason = text_at(s, &at);
        for (int k = 0; k < 2; k++) read_arm(s, &at, &h.arm[k]);
        each(ctx, &h);
    }
    sqlite3_finalize(s);
    free(run);
    return rc == SQLITE_DONE ? 0 : store_fail(st->db, st->path, rc, "cannot read headlines", err, errlen);
}
