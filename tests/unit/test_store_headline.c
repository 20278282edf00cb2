/* Headlines in the results database: what is stored comes back, with the run and device it belongs to, and so it does
 * after a merge. */
#include "store_fixture.h"

#include "harness/headline.h"
#include "harness/store_query.h"
#include "harness/store_transfer.h"

static struct headline headline(const char *name, uint32_t variant)
{
    return (struct headline){
        .suite = "smoke", .name = name, .claim = "3 times", .backend = "vulkan", .device = caps.name, .device_label = "vulkan:0",
        .driver = caps.driver_version, .caps = &caps, .variant = variant, .rounds = 6, .ratio = 2.5, .lo = 2.25, .hi = 2.75, .reason = "",
        .arm = { { "attn blk", "0123456789", 1, 100, 99, 101, 4096, 0.25, 1.5, 1e-3, "blk: 50.0 % skipped" },
                 { "attn + merge", "abcdef0123 + 0000000001", 2, 250, 240, 260, 8192, 0.5, 2.5, NAN, "" } },
    };
}

static void put_headline(struct store *st, const struct headline *h)
{
    if (store_headline(st, h, err, sizeof err)) fail_msg("%s", err);
}

struct found { uint32_t n; char names[256]; };

static void check_one(void *ctx, const struct headline *h)
{
    struct found *f = ctx;
    const struct headline want = headline(h->name, h->variant);
    f->n++;
    snprintf(f->names + strlen(f->names), sizeof f->names - strlen(f->names), "%s%u ", h->name, h->variant);
    assert_string_equal(h->suite, want.suite);
    assert_string_equal(h->claim, want.claim);
    assert_string_equal(h->backend, want.backend);
    assert_string_equal(h->device, want.device);
    assert_string_equal(h->driver, want.driver);
    assert_string_equal(h->device_label, "vulkan");  /* of the set */
    assert_int_equal(h->rounds, 6);
    if (*h->reason) {
        assert_string_equal(h->reason, "A is SKIP");
        assert_true(isnan(h->ratio) && isnan(h->lo) && isnan(h->hi) && isnan(h->arm[0].ns));
        return;
    }
    assert_true(h->ratio == want.ratio && h->lo == want.lo && h->hi == want.hi);
    for (int k = 0; k < 2; k++) {
        const struct headline_arm *a = &h->arm[k], *w = &want.arm[k];
        assert_string_equal(a->text, w->text);
        assert_string_equal(a->cases, w->cases);
        assert_string_equal(a->notes, w->notes);
        assert_int_equal(a->kernels, w->kernels);
        assert_true(a->ns == w->ns && a->ci_lo_ns == w->ci_lo_ns && a->ci_hi_ns == w->ci_hi_ns && a->bytes == w->bytes);
        assert_true(a->err_rms == w->err_rms && a->err_max == w->err_max);
        assert_true(a->nrmse == w->nrmse || (isnan(a->nrmse) && isnan(w->nrmse)));
    }
}

/* Those of the runs of the word, or with "" of the last one: name and variant, pairs in the order in which they came. */
static struct found find(const char *path, const char *word)
{
    struct found f = { 0, "" };
    struct store *st;
    struct result_set set;
    struct result_filter filter = { 0 };
    int64_t *run = NULL;
    if (store_open(path, false, &st, err, sizeof err)) fail_msg("%s", err);
    if (query_runs(st, &word, *word != 0, &run, &filter.nrun, err, sizeof err)) fail_msg("%s", err);
    filter.run = run;
    if (query_results(st, &filter, &set, err, sizeof err)) fail_msg("%s", err);
    if (query_headlines(st, &set, check_one, &f, err, sizeof err)) fail_msg("%s", err);
    result_set_free(&set);
    free(run);
    store_close(st);
    return f;
}

/* A run with one result and these headlines: set, x in two variants, y without a ratio. */
static void fill(void)
{
    struct store *st = begun();
    struct result_row r = row_of(7);
    struct headline x0 = headline("x", 0), x1 = headline("x", 1), y = headline("y", 0);
    put(st, &r);
    y.ratio = y.lo = y.hi = y.arm[0].ns = NAN;
    y.reason = "A is SKIP";
    put_headline(st, &y);
    put_headline(st, &x1);
    put_headline(st, &x0);
    finish(st);
}

static void come_back(void **unused)
{
    (void)unused;
    fill();
    const struct found f = find(db, "");
    assert_string_equal(f.names, "y0 x0 x1 ");
    expect_sql("SELECT count(*) FROM headline WHERE ratio IS NULL AND a_ns IS NULL", "1");
    expect_sql("SELECT count(*) FROM headline h JOIN result r ON r.device_id = h.device_id AND r.run_id = h.run_id", "3");
    fill();
    assert_int_equal(find(db, "").n, 3);         /* of that run alone */
    assert_int_equal(find(db, "all").n, 6);
}

/* The same again, in a resumed run or from a suite that is named twice. */
static void attempts(void **unused)
{
    (void)unused;
    struct store *st = begun();
    struct headline h = headline("x", 0);
    h.ratio = 7;
    put_headline(st, &h);
    h.ratio = 2.5;
    put_headline(st, &h);
    finish(st);
    expect_sql("SELECT group_concat(attempt || ':' || ratio) FROM headline", "0:7.0,1:2.5");
}

static void gone_with_the_run(void **unused)
{
    (void)unused;
    fill();
    sqlite3 *c;
    assert_int_equal(sqlite3_open(db, &c), SQLITE_OK);
    assert_int_equal(sqlite3_exec(c, "PRAGMA foreign_keys = ON; DELETE FROM run", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(c);
    expect_sql("SELECT count(*) FROM headline", "0");
}

static void merged(void **unused)
{
    (void)unused;
    char other[160];
    struct transfer_count count;
    snprintf(other, sizeof other, "%s/other.db", folder);
    fill();
    for (int twice = 0; twice < 2; twice++) {
        struct store *st;
        if (store_open(other, true, &st, err, sizeof err)) fail_msg("%s", err);
        if (store_merge(st, db, &count, err, sizeof err)) fail_msg("%s", err);
        store_close(st);
        assert_string_equal(find(other, "").names, "y0 x0 x1 ");
        assert_string_equal(sql_in(other, "SELECT count(*) FROM pragma_foreign_key_check"), "0");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { in_folder(come_back), in_folder(attempts), in_folder(gone_with_the_run), in_folder(merged) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
