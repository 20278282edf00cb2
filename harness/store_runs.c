/* Finds the runs that a word on the command line means (store_points.h). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/store_internal.h"
#include "harness/store_points.h"

enum { LEAST_PREFIX = 4 };

/* "last" or "last~N".  False: something else. */
static bool parse_last(const char *word, long *back)
{
    char *end;
    *back = 0;
    if (strncmp(word, "last", 4) != 0) return false;
    if (word[4] == 0) return true;
    if (word[4] != '~' || !isdigit((unsigned char)word[5])) return false;
    *back = strtol(word + 5, &end, 10);
    return *end == 0 && *back <= 1000000;
}

static int append(int64_t **run, uint32_t *nrun, int64_t id)
{
    int64_t *p = realloc(*run, (*nrun + 1) * sizeof *p);
    if (!p) return SQLITE_NOMEM;
    *run = p;
    p[(*nrun)++] = id;
    return SQLITE_OK;
}

/* Appends the ids in the first column; *names counts the different texts of the second one. */
static int collect(sqlite3 *db, const char *sql, const char *text, int64_t number, int64_t **run, uint32_t *nrun,
                   uint32_t *names)
{
    struct binder b = { 0 };
    char before[64] = "";
    *names = 0;
    b.rc = sqlite3_prepare_v2(db, sql, -1, &b.stmt, NULL);
    if (text) bind_text(&b, text);
    else bind_int(&b, number);
    int rc = b.rc;
    while (rc == SQLITE_OK && (rc = sqlite3_step(b.stmt)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(b.stmt, 1);
        if (strcmp(before, name) != 0) ++*names;
        snprintf(before, sizeof before, "%s", name);
        rc = append(run, nrun, sqlite3_column_int64(b.stmt, 0));
    }
    sqlite3_finalize(b.stmt);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int store_bind_runs(sqlite3_stmt *s, const int64_t *run, uint32_t nrun)
{
    enum { LONGEST = 24 };
    char *list = malloc(((size_t)nrun + 1) * LONGEST);
    if (!list) return SQLITE_NOMEM;
    size_t n = (size_t)sprintf(list, "[");
    for (uint32_t i = 0; i < nrun; i++) n += (size_t)sprintf(list + n, "%s%lld", i ? "," : "", (long long)run[i]);
    strcpy(list + n, "]");
    return sqlite3_bind_text(s, 1, list, -1, free);
}

int store_find_runs(struct store *st, const char *word, int64_t **run, uint32_t *nrun, char *err, size_t errlen)
{
    static const char last[] =
        "SELECT id, uuid FROM run u WHERE state <> 'running' AND purpose <> 'roofline' AND EXISTS"
        " (SELECT 1 FROM result WHERE run_id = u.id AND median_ns > 0)"
        " ORDER BY started_ns DESC, id DESC LIMIT 1 OFFSET ?";
    static const char by_uuid[] = "SELECT id, uuid FROM run WHERE uuid BETWEEN ?1 AND ?1 || 'g' ORDER BY uuid";
    static const char by_commit[] = "SELECT id, vcs_commit FROM run WHERE vcs_commit BETWEEN ?1 AND ?1 || 'g'"
                                    " AND state <> 'running' AND purpose <> 'roofline' ORDER BY vcs_commit, started_ns";
    long back;
    uint32_t uuids = 0, commits = 0;
    int rc = SQLITE_OK;
    *run = NULL;
    *nrun = 0;
    if (parse_last(word, &back)) rc = collect(st->db, last, NULL, back, run, nrun, &uuids);
    else if (strlen(word) >= LEAST_PREFIX && strspn(word, "0123456789abcdef-") == strlen(word)) {
        rc = collect(st->db, by_uuid, word, 0, run, nrun, &uuids);
        if (rc == SQLITE_OK) rc = collect(st->db, by_commit, word, 0, run, nrun, &commits);
    } else {
        snprintf(
            err, errlen,
            "'%.60s' names no run: give last, last~N, or the beginning (4 digits or more) of a run's uuid or a commit",
            word);
        return MXB_EINVAL;
    }
    if (rc) store_fail(st->db, st->path, rc, "cannot read the runs", err, errlen);
    else if (*nrun == 0) snprintf(err, errlen, "database '%s' has no run '%.60s'", st->path, word);
    else if (uuids + commits > 1)
        snprintf(err, errlen, "'%.60s' is the beginning of %u runs and %u commits: give more of it", word, uuids,
                 commits);
    else return 0;
    free(*run);
    *run = NULL;
    *nrun = 0;
    return rc ? MXB_EDB : MXB_EINVAL;
}
