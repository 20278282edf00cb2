/* Reads stored results with the figures of their rounds (store_points.h). */
#include "harness/store_points.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/store_internal.h"

#define MACHINE "m.hostname || ', ' || m.cpu || ', ' || m.ncpu || ' threads, ' || m.ram_gib || ' GiB, ' || m.board"
#define DEVICE                                                                                                         \
    "d.name || ', ' || d.driver || ' ' || d.driver_version || ', ' || d.api || ', ' || d.units || ' units, ' ||"       \
    " d.uuid || printf(' %x:%x %x', d.vendor_id, d.product_id, d.features)"
#define ENV     "e.os || ', ' || e.kernel || ', ' || e.governor || ', ' || e.compiler || ', ' || e.cflags"
#define COLUMNS                                                                                                        \
    "SELECT r.id, u.uuid, u.vcs_commit, u.branch, strftime('%Y-%m-%dT%H:%M:%SZ', u.started_ns / 1000000000, "          \
    "'unixepoch'),"                                                                                                    \
    " u.vcs_dirty, u.started_ns, c.hash, c.def_version, c.case_text, c.op, c.entry, c.params_json, c.cache, r.suite,"  \
    " d.backend, d.name, r.impl, r.tile, " MACHINE ", " DEVICE ", " ENV                                                \
    ", r.status, r.reason, r.median_ns, r.ci_lo_ns,"                                                                   \
    " r.ci_hi_ns, r.gbps, r.gflops, 100 * r.limit_ns / r.median_ns, r.limit_by, r.noise"                               \
    " FROM result r JOIN run u ON u.id = r.run_id JOIN bench_case c ON c.id = r.case_id JOIN device d ON d.id = "      \
    "r.device_id"                                                                                                      \
    " JOIN machine m ON m.id = u.machine_id JOIN env e ON e.id = u.env_id"
#define ORDER                                                                                                          \
    " ORDER BY c.op, c.entry, c.case_text, c.def_version, d.backend, d.name, r.device_id, u.started_ns, u.id, "        \
    "r.finished_ns, r.id"

void points_free(struct point_list *l)
{
    for (uint32_t i = 0; i < l->ntext; i++) free(l->text[i]);
    for (uint32_t i = 0; i < l->n; i++) free(l->item[i].round);
    free(l->text);
    free(l->item);
    *l = (struct point_list){ 0 };
}

/* Neighbouring rows share most of their texts, so one that was just kept is not kept again.  NULL: no memory. */
static const char *keep(struct point_list *l, const char *before, const char *text)
{
    if (before && strcmp(before, text) == 0) return before;
    if (l->ntext == l->text_cap) {
        const uint32_t cap = l->text_cap ? 2 * l->text_cap : 256;
        char **p = realloc(l->text, cap * sizeof *p);
        if (!p) return NULL;
        l->text = p;
        l->text_cap = cap;
    }
    return (l->text[l->ntext] = strdup(text)) ? l->text[l->ntext++] : NULL;
}

static struct point *new_point(struct point_list *l)
{
    if (l->n == l->cap) {
        const uint32_t cap = l->cap ? 2 * l->cap : 64;
        struct point *p = realloc(l->item, cap * sizeof *p);
        if (!p) return NULL;
        l->item = p;
        l->cap = cap;
    }
    memset(&l->item[l->n], 0, sizeof l->item[0]);
    return &l->item[l->n++];
}

static bool same_place(const struct point *a, const struct point *b)
{
    return strcmp(a->run, b->run) == 0 && strcmp(a->case_id, b->case_id) == 0 && a->def_version == b->def_version &&
           strcmp(a->device_text, b->device_text) == 0 && strcmp(a->backend, b->backend) == 0;
}

/* The row that the statement stands on.  SQLite's code. */
static int read_point(sqlite3_stmt *s, struct point_list *l)
{
    static const size_t text_at[] = { /* the columns that hold a text, in order */
                                      offsetof(struct point, run),
                                      offsetof(struct point, commit),
                                      offsetof(struct point, branch),
                                      offsetof(struct point, when),
                                      0,
                                      0,
                                      offsetof(struct point, case_id),
                                      0,
                                      offsetof(struct point, case_text),
                                      offsetof(struct point, op),
                                      offsetof(struct point, entry),
                                      offsetof(struct point, params_json),
                                      offsetof(struct point, cache),
                                      offsetof(struct point, suite),
                                      offsetof(struct point, backend),
                                      offsetof(struct point, device),
                                      offsetof(struct point, impl),
                                      offsetof(struct point, tile),
                                      offsetof(struct point, machine),
                                      offsetof(struct point, device_text),
                                      offsetof(struct point, env),
                                      offsetof(struct point, status),
                                      offsetof(struct point, reason),
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      offsetof(struct point, limit_by)
    };
    enum { TEXTS = MXB_COUNT(text_at), FIRST = 1 };
    struct point *p = new_point(l);
    if (!p) return SQLITE_NOMEM;
    const struct point *before = l->n > 1 ? p - 1 : NULL;
    for (int i = 0; i < (int)TEXTS; i++) {
        if (i > 0 && text_at[i] == 0) continue;
        const char *value = (const char *)sqlite3_column_text(s, FIRST + i), *old = NULL;
        if (before) memcpy(&old, (const char *)before + text_at[i], sizeof old);
        const char *kept = keep(l, old, value ? value : "");
        if (!kept) return SQLITE_NOMEM;
        memcpy((char *)p + text_at[i], &kept, sizeof kept);
    }
    p->dirty = sqlite3_column_int(s, 5) != 0;
    p->started_ns = sqlite3_column_int64(s, 6);
    p->def_version = (uint32_t)sqlite3_column_int(s, 8);
    double *const figure[] = { &p->median_ns, &p->ci_lo_ns, &p->ci_hi_ns, &p->gbps, &p->gflops, &p->limit_pct };
    for (int i = 0; i < (int)MXB_COUNT(figure); i++) *figure[i] = sqlite3_column_double(s, 24 + i);   /* NULL is 0 */
    p->noise = (uint32_t)sqlite3_column_int(s, 31);
    return SQLITE_OK;
}

static int read_rounds(sqlite3_stmt *s, int64_t result, struct point *p)
{
    int rc;
    sqlite3_bind_int64(s, 1, result);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct round_figure *r = realloc(p->round, (p->nround + 1) * sizeof *r);
        if (!r) {
            rc = SQLITE_NOMEM;
            break;
        }
        p->round = r;
        p->round[p->nround++] = (struct round_figure){ sqlite3_column_double(s, 0), sqlite3_column_double(s, 1),
                                                       sqlite3_column_double(s, 2) };
    }
    sqlite3_reset(s);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Reads what `rows` yields; finalizes it. */
static int read_all(struct store *st, sqlite3_stmt *rows, struct point_list *l, char *err, size_t errlen)
{
    sqlite3_stmt *rounds = NULL;
    int rc =
        sqlite3_prepare_v2(st->db, "SELECT median_ns, ci_lo_ns, ci_hi_ns FROM round WHERE result_id = ? ORDER BY round",
                           -1, &rounds, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(rows)) == SQLITE_ROW) {
        rc = read_point(rows, l);
        if (rc == SQLITE_OK) rc = read_rounds(rounds, sqlite3_column_int64(rows, 0), &l->item[l->n - 1]);
        if (rc == SQLITE_OK && l->n > 1 && same_place(&l->item[l->n - 2], &l->item[l->n - 1])) {
            free(l->item[l->n - 2].round);           /* a later attempt takes the place of the earlier one */
            l->item[l->n - 2] = l->item[l->n - 1];
            l->n--;
        }
    }
    sqlite3_finalize(rows);
    sqlite3_finalize(rounds);
    if (rc == SQLITE_DONE) return 0;
    points_free(l);
    return store_fail(st->db, st->path, rc, "cannot read results", err, errlen);
}

int store_points_of_runs(struct store *st, const int64_t *run, uint32_t nrun, struct point_list *l, char *err,
                         size_t errlen)
{
    static const char sql[] = COLUMNS " WHERE r.run_id IN (SELECT value FROM json_each(?1))" ORDER;
    sqlite3_stmt *s = NULL;
    *l = (struct point_list){ 0 };
    int rc = sqlite3_prepare_v2(st->db, sql, -1, &s, NULL);
    if (rc == SQLITE_OK) rc = store_bind_runs(s, run, nrun);
    if (rc == SQLITE_OK) return read_all(st, s, l, err, errlen);
    sqlite3_finalize(s);
    return store_fail(st->db, st->path, rc, "cannot read results", err, errlen);
}

static bool looks_like_id(const char *s)
{
    const size_t n = strlen(s);
    return n >= 4 && n <= 16 && strspn(s, "0123456789abcdef") == n;
}

/* SQL function: does a case's text match a filter, as --filter does? */
static void matches(sqlite3_context *c, int n, sqlite3_value **v)
{
    const char *filter = (const char *)sqlite3_value_text(v[0]), *text = (const char *)sqlite3_value_text(v[1]);
    (void)n;
    if (!filter || !text) return;
    sqlite3_result_int(c, strpbrk(filter, "*?[") ? fnmatch(filter, text, 0) == 0 : strstr(text, filter) != NULL);
}

int store_points_of_case(struct store *st, const char *what, struct point_list *l, char *err, size_t errlen)
{
    static const char timed[] = COLUMNS " WHERE r.median_ns > 0 AND u.state <> 'running' AND r.case_id IN"
                                        " (SELECT id FROM bench_case WHERE hash BETWEEN ?1 AND ?1 || 'g')" ORDER;
    static const char like[] =
        COLUMNS " WHERE r.median_ns > 0 AND u.state <> 'running' AND"
                " r.case_id IN (SELECT id FROM bench_case WHERE mxb_matches(?1, case_text))" ORDER;
    sqlite3_stmt *s = NULL;
    *l = (struct point_list){ 0 };
    int rc = sqlite3_create_function_v2(st->db, "mxb_matches", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, matches,
                                        NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_prepare_v2(st->db, looks_like_id(what) ? timed : like, -1, &s, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_bind_text(s, 1, what, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK) return read_all(st, s, l, err, errlen);
    sqlite3_finalize(s);
    return store_fail(st->db, st->path, rc, "cannot read results", err, errlen);
}
