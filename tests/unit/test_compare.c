/* Tests of compare and history on synthetic databases: which runs a word means, which cases pair, the verdicts, the
 * series. */
#include "store_fixture.h"

#include "harness/compare.h"
#include "harness/history.h"

static char made[64];                /* uuid of the last run that make_run() stored */

struct want { uint64_t id; double level; enum mxb_status status; };

/* A run of the given commit with one timed result (three rounds about `level` ns) or failure per case. */
static void make_run(const char *commit, const struct mxb_caps *on, const struct want *want, size_t n)
{
    static struct measurement round[3];
    struct run_info i = info;
    struct store *st = opened();
    i.commit = commit;
    if (store_begin(st, &i, uuid, err, sizeof err)) fail_msg("%s", err);
    strcpy(made, uuid);
    for (size_t k = 0; k < n; k++) {
        struct result_row r = row_of(want[k].id);
        char text[64];
        snprintf(text, sizeof text, "rms_norm_f16 rows=%llu", (unsigned long long)want[k].id);
        r.case_text = text;
        r.caps = on;
        r.status = want[k].status;
        if (r.status == ST_PASS && want[k].level > 0) {
            struct summary s[3];
            struct round_summary figure;
            for (int q = 0; q < 3; q++) {
                fill_round(&round[q], 'h', 40, want[k].level * (1 + 0.001 * q), want[k].id + (uint64_t)q);
                s[q] = round[q].s;
            }
            combine_rounds(s, 3, &figure);
            r.round = round, r.nround = 3;
            r.median_ns = figure.median, r.ci_lo_ns = figure.ci_lo, r.ci_hi_ns = figure.ci_hi;
        }
        put(st, &r);
    }
    finish(st);
}

/* ---- words ---- */

static uint32_t runs_of(const char *word)
{
    struct store *st = opened();
    int64_t *run;
    uint32_t n;
    err[0] = 0;
    const int rc = store_find_runs(st, word, &run, &n, err, sizeof err);
    assert_true(rc == 0 ? n > 0 && run : rc == MXB_EINVAL && n == 0 && !run && *err);
    const uint32_t first = rc ? 0 : (uint32_t)run[0];
    free(run);
    store_close(st);
    return rc ? 0 : 100 * n + first;
}

static void words(void **unused)
{
    (void)unused;
    static const struct want timed = { 1, 1e5, ST_PASS }, untimed = { 1, 0, ST_PASS };
    make_run("aaaa1111", &caps, &timed, 1);
    make_run("aaaa2222", &caps, &timed, 1);
    make_run("aaaa2222", &caps, &timed, 1);
    make_run("bbbb", &caps, &untimed, 1);
    assert_int_equal(runs_of("last"), 103);          /* the fourth run has no time */
    assert_int_equal(runs_of("last~0"), 103);
    assert_int_equal(runs_of("last~2"), 101);
    assert_int_equal(runs_of("last~3"), 0);
    assert_non_null(strstr(err, "has no run 'last~3'"));
    assert_int_equal(runs_of("aaaa1"), 101);
    assert_int_equal(runs_of("aaaa2222"), 202);      /* both runs of the commit */
    assert_int_equal(runs_of("bbbb"), 104);
    assert_int_equal(runs_of("aaaa"), 0);
    assert_non_null(strstr(err, "beginning of 0 runs and 2 commits"));
    assert_int_equal(runs_of(made), 104);
    made[8] = 0;
    assert_int_equal(runs_of(made), 104);
    static const char *const bad[] = { "", "abc", "last~", "last~x", "last~1x", "lastly", "main", "zzzz", "last~-1" };
    for (size_t i = 0; i < MXB_COUNT(bad); i++) {
        assert_int_equal(runs_of(bad[i]), 0);
        assert_non_null(strstr(err, "names no run"));
    }
}

/* ---- pairs ---- */

static struct point_list side[2];
static struct pair *pairs;
static size_t npair;

static void compare(const char *a, const char *b, bool across)
{
    const char *const word[] = { a, b };
    struct store *st = opened();
    for (int i = 0; i < 2; i++) {
        int64_t *run;
        uint32_t n;
        if (store_find_runs(st, word[i], &run, &n, err, sizeof err)) fail_msg("%s", err);
        if (store_points_of_runs(st, run, n, &side[i], err, sizeof err)) fail_msg("%s", err);
        free(run);
    }
    store_close(st);
    assert_int_equal(pairs_make(&side[0], &side[1], across, &pairs, &npair), 0);
}
static void forget(void)
{
    pairs_free(pairs, npair);
    points_free(&side[0]);
    points_free(&side[1]);
}
static void expect_pair(size_t i, uint64_t id, enum pair_verdict v, double ratio)
{
    const struct point *p = pairs[i].a ? pairs[i].a : pairs[i].b;
    assert_int_equal(strtoull(p->case_id, NULL, 16), id);
    assert_string_equal(pair_verdicts[pairs[i].verdict], pair_verdicts[v]);
    assert_true(fabs(pairs[i].ratio.value - ratio) < 0.01);
}

static void verdicts(void **unused)
{
    (void)unused;
    static const struct want a[] = { { 1, 1e5, ST_PASS }, { 2, 1e5, ST_PASS }, { 3, 1e5, ST_PASS }, { 4, 1e5, ST_PASS },
        { 5, 0, ST_FAIL }, { 6, 0, ST_CRASHED }, { 7, 1e5, ST_PASS }, { 8, 0, ST_SKIP }, { 9, 0, ST_PASS } };
    static const struct want b[] = { { 1, 1.2e5, ST_PASS }, { 2, 0.7e5, ST_PASS }, { 3, 1e5, ST_PASS },
                                     { 4, 0, ST_FAIL },     { 5, 1e5, ST_PASS },   { 6, 0, ST_FAIL },
                                     { 8, 1e5, ST_PASS },   { 9, 1e5, ST_PASS },   { 10, 1e5, ST_PASS } };
    make_run("aaaa", &caps, a, MXB_COUNT(a));
    make_run("bbbb", &caps, b, MXB_COUNT(b));
    compare("aaaa", "bbbb", false);
    assert_int_equal(npair, 10);
    expect_pair(0, 4, PAIR_NEWLY_FAILING, 0);
    expect_pair(1, 6, PAIR_STILL_FAILING, 0);
    expect_pair(2, 5, PAIR_FIXED, 0);
    expect_pair(3, 2, PAIR_FASTER, 0.7);             /* the larger effect first, whatever its sign */
    expect_pair(4, 1, PAIR_SLOWER, 1.2);
    expect_pair(5, 3, PAIR_UNCHANGED, 1);
    expect_pair(6, 9, PAIR_NOT_TIMED, 0);
    expect_pair(7, 8, PAIR_SKIPPED, 0);
    expect_pair(8, 7, PAIR_ONLY_A, 0);
    expect_pair(9, 10, PAIR_ONLY_B, 0);
    assert_true(pairs[3].na == 3 && pairs[3].nb == 3 && pairs[8].b == NULL && pairs[9].a == NULL);
    forget();
}

static void another_driver(void **unused)
{
    (void)unused;
    static const struct want w = { 1, 1e5, ST_PASS };
    struct mxb_caps newer = caps;
    strcpy(newer.driver_version, "9.9");
    make_run("aaaa", &caps, &w, 1);
    make_run("bbbb", &newer, &w, 1);
    compare("aaaa", "bbbb", false);
    assert_int_equal(npair, 1);
    expect_pair(0, 1, PAIR_NOT_COMPARABLE, 0);
    assert_string_equal(pairs[0].why, "another device or driver");
    forget();
    compare("aaaa", "bbbb", true);
    assert_int_equal(npair, 1);
    expect_pair(0, 1, PAIR_UNCHANGED, 1);
    forget();
    sql_do(db, "INSERT INTO env SELECT 99, os, 'another kernel', governor, compiler, cflags FROM env; UPDATE device SET"
               " driver_version = 'x' || id; UPDATE run SET env_id = 99 WHERE vcs_commit = 'bbbb';"
               "UPDATE result SET device_id = 1");
    compare("aaaa", "bbbb", false);
    expect_pair(0, 1, PAIR_NOT_COMPARABLE, 0);
    assert_string_equal(pairs[0].why, "another environment");
    forget();
}

static void two_devices_of_one_name(void **unused)
{
    (void)unused;
    static const struct want quick = { 1, 1e5, ST_PASS }, slow = { 1, 2e5, ST_PASS };
    struct mxb_caps second = caps;
    strcpy(second.uuid, "00ee");
    make_run("aaaa", &caps, &quick, 1);
    make_run("aaaa", &second, &slow, 1);
    make_run("bbbb", &caps, &quick, 1);
    make_run("bbbb", &second, &slow, 1);
    compare("aaaa", "bbbb", false);
    assert_int_equal(npair, 2);
    expect_pair(0, 1, PAIR_UNCHANGED, 1);
    expect_pair(1, 1, PAIR_UNCHANGED, 1);
    forget();
}

/* Three runs of a commit are nine rounds, but of a run that did a case twice the last counts. */
static void rounds_add_up(void **unused)
{
    (void)unused;
    static const struct want once = { 1, 1e5, ST_PASS }, twice[] = { { 1, 3e5, ST_PASS }, { 1, 1e5, ST_PASS } };
    make_run("aaaa", &caps, &once, 1);
    make_run("aaaa", &caps, &once, 1);
    make_run("aaaa", &caps, twice, 2);
    make_run("bbbb", &caps, &once, 1);
    compare("aaaa", "bbbb", false);
    assert_int_equal(npair, 1);
    assert_int_equal(pairs[0].na, 9);
    assert_int_equal(pairs[0].nb, 3);
    expect_pair(0, 1, PAIR_UNCHANGED, 1);
    forget();
}

/* ---- series ---- */

static void series(void **unused)
{
    (void)unused;
    struct mxb_caps newer = caps;
    strcpy(newer.driver_version, "9.9");
    for (int i = 0; i < 24; i++) {
        const double jitter = 1 + 0.004 * mxb_rand_normal(3, 1, (uint64_t)i);
        const struct want w[] = { { 0xabc1, (i < 14 ? 1e5 : 1.1e5) * jitter, ST_PASS },
                                  { 0xabc2, 2e5 * jitter, ST_PASS } };
        char commit[16];
        snprintf(commit, sizeof commit, "c%03d", i);
        make_run(commit, i < 18 ? &caps : &newer, w, 2);
    }
    struct store *st = opened();
    struct point_list l;
    struct series *s;
    uint32_t n;
    char text[256];
    assert_int_equal(store_points_of_case(st, "rows=", &l, err, sizeof err), 0);
    assert_int_equal(l.n, 48);
    assert_int_equal(series_make(&l, &s, &n), 0);
    assert_int_equal(n, 2);                          /* a new driver does not end a series */
    assert_int_equal(s[0].n, 24);
    assert_int_equal(s[0].nstep, 1);
    assert_int_equal(s[0].step[0].at, 14);
    assert_true(fabs(s[0].step[0].ratio - 1.1) < 0.01);
    assert_int_equal(s[1].nstep, 0);
    for (uint32_t i = 0; i < 24; i++) {
        snprintf(text, sizeof text, "c%03u", i);
        assert_string_equal(s[0].point[i]->commit, text);
    }
    assert_string_equal(series_change(s[0].point[16], s[0].point[17], text, sizeof text), "");
    assert_string_equal(series_change(s[0].point[17], s[0].point[18], text, sizeof text), "device: drv 1.2 -> drv 9.9");
    char tiny[12];
    assert_string_equal(series_change(s[0].point[17], s[0].point[18], tiny, sizeof tiny), "device: drv");
    series_free(s, n);
    points_free(&l);
    assert_int_equal(store_points_of_case(st, "000000000000abc1", &l, err, sizeof err), 0);
    assert_int_equal(l.n, 24);
    points_free(&l);
    assert_int_equal(store_points_of_case(st, "*rows=43970", &l, err, sizeof err), 0);   /* 0xabc2 */
    assert_int_equal(l.n, 24);
    points_free(&l);
    assert_int_equal(store_points_of_case(st, "no such", &l, err, sizeof err), 0);
    assert_int_equal(l.n, 0);
    assert_int_equal(series_make(&l, &s, &n), 0);
    assert_int_equal(n, 0);
    series_free(s, n);
    points_free(&l);
    store_close(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = { in_folder(words),          in_folder(verdicts),
                                        in_folder(another_driver), in_folder(two_devices_of_one_name),
                                        in_folder(rounds_add_up),  in_folder(series) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
