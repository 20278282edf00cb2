/* Finds stored results by the beginning of their case id. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/store_internal.h"

static const char *text(sqlite3_stmt *s, int column)
{
    const unsigned char *t = sqlite3_column_text(s, column);
    return t ? (const char *)t : "";
}

static double number(sqlite3_stmt *s, int column, double missing)
{
    return sqlite3_column_type(s, column) == SQLITE_NULL ? missing : sqlite3_column_double(s, column);
}

static int hand_over(sqlite3_stmt *s, int (*each)(void *ctx, const struct stored_case *), void *ctx)
{
    const struct stored_case c = {
        .id = text(s, 0), .op = text(s, 1), .entry = text(s, 2), .backend = text(s, 3), .device = text(s, 4),
        .impl = text(s, 5), .tile = text(s, 6), .params_json = text(s, 7), .status = text(s, 8), .reason = text(s, 9),
        .repro = text(s, 10), .suite = text(s, 11), .when = text(s, 12), .commit = text(s, 13),
        .err_rms = number(s, 14, NAN), .err_max = number(s, 15, NAN), .median_ns = number(s, 16, 0),
        .ci_lo_ns = number(s, 17, 0), .ci_hi_ns = number(s, 18, 0), .gbps = number(s, 19, 0),
        .gflops = number(s, 20, 0), .limit_by = text(s, 21), .limit_pct = number(s, 22, 0),
    };
    return each(ctx, &c);
}

int store_find(struct store *st, const char *hex, uint32_t max, int (*each)(void *ctx, const struct stored_case *),
               void *ctx, char *err, size_t errlen)
{
    /* Hex digits sort before 'g', so that this is a range of the index on (hash, def_version). */
    static const char sql[] =
        "SELECT case_hash, op, entry, backend, device, impl, tile, params_json, status, reason, repro, suite, finished,"
        " vcs_commit, err_rms, err_max, median_ns, ci_lo_ns, ci_hi_ns, gbps, gflops,"
        " limit_by, limit_pct FROM v_result"
        " WHERE case_hash BETWEEN ?1 AND ?1 || 'g' ORDER BY finished_ns DESC, result_id DESC LIMIT ?2";
    char prefix[17];
    const size_t n = strlen(hex);
    if (n > 16 || strspn(hex, "0123456789abcdefABCDEF") != n) {
        snprintf(err, errlen, "'%.40s' is not a case id: at most 16 hex digits", hex);
        return MXB_EINVAL;
    }
    for (size_t i = 0; i <= n; i++) prefix[i] = (char)tolower((unsigned char)hex[i]);

    struct binder b = { 0 };
    b.rc = sqlite3_prepare_v2(st->db, sql, -1, &b.stmt, NULL);
    bind_text(&b, prefix);
    bind_int(&b, max);
    int rc = b.rc, stop = 0;
    if (rc == SQLITE_OK)
        while (!stop && (rc = sqlite3_step(b.stmt)) == SQLITE_ROW) stop = hand_over(b.stmt, each, ctx);
    sqlite3_finalize(b.stmt);
    if (stop) return stop;
    return rc == SQLITE_DONE ? 0 : store_fail(st->db, st->path, rc, "cannot read results", err, errlen);
}
