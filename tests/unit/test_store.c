/* Tests of the results database: what is stored comes back, all of a result or nothing, and the sample codec. */
#include "store_fixture.h"

#include <zlib.h>

#include "harness/store_internal.h"
#include "harness/store_schema.h"

/* ---- samples ---- */

static void samples_come_back(void **unused)
{
    (void)unused;
    static const double edge[] = { 0, 1e15, 0, 0.0625, 0.03, 0.04, 123456.789, 0x1p56, 0, 1, 1, 1 };
    double back[MXB_COUNT(edge)];
    unsigned char *data;
    size_t bytes;
    assert_int_equal(samples_pack(edge, MXB_COUNT(edge), &data, &bytes), 0);
    assert_int_equal(samples_unpack(data, bytes, back, MXB_COUNT(edge)), 0);
    for (size_t i = 0; i < MXB_COUNT(edge); i++) assert_true(fabs(back[i] - edge[i]) <= 1.0 / 32);
    assert_true(back[3] == 0.0625 && back[4] == 0 && back[5] == 0.0625);
    for (size_t i = 0; i < bytes; i++)
        assert_int_not_equal(samples_unpack(data, i, back, MXB_COUNT(edge)), 0);               /* cut */
    assert_int_equal(samples_unpack(data, bytes, back, MXB_COUNT(edge) - 1), MXB_EPARSE);      /* too much */
    free(data);

    assert_int_equal(samples_pack(edge, 0, &data, &bytes), 0);
    assert_int_equal(bytes, 0);
    assert_int_equal(samples_unpack(data, 0, back, 0), 0);
    free(data);
}

static void expect_bytes(const double *x, size_t n, const unsigned char *want, size_t nwant)
{
    unsigned char *data;
    size_t bytes;
    assert_int_equal(samples_pack(x, n, &data, &bytes), 0);
    assert_int_equal(bytes, nwant);
    assert_memory_equal(data, want, nwant);
    free(data);
}

/* By hand: 1 ns = 16, zigzag 32; then 0.5 ns less = -8, zigzag 15; then +12.5625 ns = 201, zigzag 402 = 0x92 0x03. */
static void sample_bytes(void **unused)
{
    (void)unused;
    static const double x[] = { 1, 0.5, 13.0625 }, halves[] = { 1, 0.5, 13 }, zero[] = { 0, 0 };
    static const unsigned char plain[] = { 32, 15, 0x92, 0x03 };
    static const unsigned char divided[] = { 2 * 8 + 1, 4, 1, 50 };          /* 16 8 208 = 8 * (2 1 26) */
    static const unsigned char zeros[] = { 0, 0 };
    double back[3];
    expect_bytes(x, 3, plain, sizeof plain);
    expect_bytes(halves, 3, divided, sizeof divided);
    expect_bytes(zero, 2, zeros, sizeof zeros);
    assert_int_equal(samples_unpack(divided, sizeof divided, back, 3), 0);
    assert_true(back[0] == 1 && back[1] == 0.5 && back[2] == 13);
    static const unsigned char old[] = { 32, 15, 0x90, 0x03 };               /* as before there were divisors */
    assert_int_equal(samples_unpack(old, sizeof old, back, 3), 0);
    assert_true(back[0] == 1 && back[1] == 0.5 && back[2] == 13);
    static const unsigned char by_one[] = { 3, 4, 1, 50 }, by_none[] = { 1, 4, 1, 50 };
    assert_int_equal(samples_unpack(by_one, sizeof by_one, back, 3), MXB_EPARSE);
    assert_int_equal(samples_unpack(by_none, sizeof by_none, back, 3), MXB_EPARSE);
    static const unsigned char overflows[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xfe, 0xff, 0xff, 0xff, 0x7f };
    assert_int_equal(samples_unpack(overflows, sizeof overflows, back, 1), MXB_EPARSE);
}

static void samples_that_are_none(void **unused)
{
    (void)unused;
    static const double bad[] = { -1, -0.01, NAN, INFINITY, 1e300 };
    unsigned char *data;
    size_t bytes;
    for (size_t i = 0; i < MXB_COUNT(bad); i++) {
        assert_int_equal(samples_pack(&bad[i], 1, &data, &bytes), MXB_EINVAL);
        assert_null(data);
    }
    double back[4];
    static const unsigned char endless[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 };
    static const unsigned char below_zero[] = { 32, 35 };        /* 16, then -18 */
    static const unsigned char too_large[] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f };
    assert_int_equal(samples_unpack(endless, sizeof endless, back, 1), MXB_EPARSE);
    assert_int_equal(samples_unpack(below_zero, sizeof below_zero, back, 2), MXB_EPARSE);
    assert_int_equal(samples_unpack(too_large, sizeof too_large, back, 1), MXB_EPARSE);
}

/* ---- rows ---- */

static void a_new_database(void **unused)
{
    (void)unused;
    finish(begun());
    expect_sql("PRAGMA application_id", "1296848962");     /* 'MLXB' */
    expect_sql("PRAGMA user_version", schema_now());
    expect_sql("PRAGMA page_size", "8192");
    expect_sql("PRAGMA journal_mode", "wal");
    expect_sql("SELECT group_concat(version) FROM migration", schema_all());
    expect_sql(
        "SELECT count(*) FROM pragma_table_list WHERE type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'", "0");
    expect_sql("SELECT state || mlxbench_version || vcs_commit || vcs_dirty || branch || binary_hash || suite_hash"
               " || cmdline || purpose || config_json FROM run",
               "complete0.1abc1231mainffffffffffffffff000000000005117emlxbench run 'x y'bench{\"seed\":1}");
    expect_sql("SELECT uuid FROM run", uuid);
    assert_int_equal(strlen(uuid), 36);
    assert_true(uuid[14] == '4' && strchr("89ab", uuid[19]));
    expect_sql("SELECT finished_ns >= started_ns AND started_ns > 1.6e18 FROM run", "1");
    expect_sql("SELECT hostname <> '' AND cpu <> '' AND ncpu > 0 AND ram_gib > 0 FROM machine", "1");
    expect_sql("SELECT os <> '' AND kernel <> '' AND compiler <> '' FROM env", "1");
    finish(begun());                                                      /* the same computer is not a new one */
    expect_sql("SELECT (SELECT count(*) FROM run) || (SELECT count(*) FROM machine) || (SELECT count(*) FROM env)",
               "211");
}

static void a_timed_result(void **unused)
{
    (void)unused;
    static struct measurement round[2];
    fill_round(&round[0], 'd', 200, 50e3, 1);
    fill_round(&round[1], 'h', 30, 52e3, 2);
    round[0].noise = NOISE_DRIFT;
    round[1].noise = NOISE_OUTLIERS | NOISE_DRIFT;
    struct store *st = begun();
    struct result_row r = row_of(0x0123456789abcdef);
    r.seed = UINT64_MAX;
    r.cache = 1;
    r.round = round, r.nround = 2;
    r.median_ns = 51e3, r.ci_lo_ns = 50e3, r.ci_hi_ns = 52e3, r.gbps = 20.5, r.gflops = 39.25;
    put(st, &r);
    finish(st);

    expect_sql("SELECT group_concat(hash || def_version || case_text || op || entry || dtype || params_json || seed ||"
               " cache || bytes || '/' || flops) FROM bench_case",
               "0123456789abcdef1rms_norm_f16 rows=512rms_normrms_norm_f16f16{\"rows\":512}-1cold1048576.0/2000000.0");
    expect_sql("SELECT backend || name || driver || driver_version || api || uuid || vendor_id || '/' || product_id"
               " || units || '/' || features || (caps_json ->> 'max_wg') || (caps_json ->> 'kind') ||"
               " (caps_json ->> 'tick_ns') FROM device",
               "vulkanSome GPUdrv1.2Vulkan 1.300ff4318/746/1040" "1024discrete83.25");
    expect_sql("SELECT suite || attempt || impl || tile || status || reason || repro || compared || nround || noise "
               "FROM result",
               "smoke0rowWG=256PASS4096210");
    expect_sql("SELECT repro FROM v_result", "mlxbench run '{op: rms_norm}'");   /* kept once, with the case */
    expect_sql("SELECT json_array(err_rms, err_max, setup_ns, compile_ns, first_ns, check_ns, oracle_ns, case_ns,"
               " median_ns, ci_lo_ns, ci_hi_ns, gbps, gflops) FROM result",
               "[0.25,2.5,1000000.0,2000000.0,3000000.0,4000000.0,null,6000000.0,51000.0,50000.0,52000.0,20.5,39.25]");
    expect_sql(
        "SELECT group_concat(round || clock || n || '/' || batch || '/' || warmup_n || '/' || noise || stop_reason"
        " || first_ns) FROM round",
        "0device200/5/12/2interval7000000.0,1host30/5/12/10interval7000000.0");
    expect_sql("SELECT group_concat(round_id || clock || codec || n) FROM sample_blob",
               "1device1200,1host1200,2host130");

    sqlite3 *c;
    sqlite3_stmt *s;
    sqlite3_open(db, &c);
    sqlite3_prepare_v2(
        c,
        "SELECT min_ns, q1_ns, median_ns, q3_ns, p99_ns, max_ns, mean_ns, sd_ns, mad_ns, rho1, neff, ci_lo_ns,"
        " ci_hi_ns, drift_pct, host_median_ns FROM round WHERE round = 0",
        -1, &s, NULL);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    const struct summary *w = &round[0].s;
    const double want[] = { w->min,  w->q1,    w->median, w->q3,        w->p99,
                            w->max,  w->mean,  w->sd,     w->mad,       w->rho1,
                            w->neff, w->ci_lo, w->ci_hi,  w->drift_pct, stats_median(round[0].host_ns, 200) };
    for (int i = 0; i < (int)MXB_COUNT(want); i++) assert_true(sqlite3_column_double(s, i) == want[i]);
    sqlite3_finalize(s);

    sqlite3_prepare_v2(c, "SELECT data, crc32, sample_blob.n FROM sample_blob JOIN round ON round_id = id"
                       " ORDER BY round, sample_blob.clock", -1, &s, NULL);
    const double *const samples[] = { round[0].ns, round[0].host_ns, round[1].host_ns };
    for (int k = 0; k < 3; k++) {
        double back[MEASURE_MAX_SAMPLES];
        assert_int_equal(sqlite3_step(s), SQLITE_ROW);
        const unsigned char *data = sqlite3_column_blob(s, 0);
        const size_t bytes = (size_t)sqlite3_column_bytes(s, 0), n = (size_t)sqlite3_column_int(s, 2);
        assert_int_equal(sqlite3_column_int64(s, 1), crc32(0, data, (uInt)bytes));
        assert_int_equal(samples_unpack(data, bytes, back, n), 0);
        for (size_t i = 0; i < n; i++) assert_true(fabs(back[i] - samples[k][i]) <= 1.0 / 32);
    }
    sqlite3_finalize(s);
    sqlite3_close(c);
    expect_sql("SELECT device || impl || suite || median_ns || hostname = (SELECT 'Some GPUrowsmoke51000.0' || hostname"
               " FROM machine) FROM v_result", "1");
    sql_do(db, "PRAGMA foreign_keys = ON; DELETE FROM run");              /* takes everything of the run along */
    expect_sql(
        "SELECT (SELECT count(*) FROM result) + (SELECT count(*) FROM round) + (SELECT count(*) FROM sample_blob)",
        "0");
}

static void every_status(void **unused)
{
    (void)unused;
    struct store *st = begun();
    for (int s = 0; s < ST_COUNT; s++) {
        struct result_row r = row_of((uint64_t)s);
        r.status = (enum mxb_status)s;
        r.reason = "it's \"quoted\"; DROP TABLE result;-- \xff\n";
        r.compared = s == ST_FAIL ? 10 : 0;
        r.err_rms = INFINITY;
        r.err_max = NAN;
        if (s == ST_SKIP) r.caps = NULL, r.impl = NULL, r.tile = NULL;
        put(st, &r);
    }
    finish(st);
    expect_sql("SELECT group_concat(status) FROM (SELECT status FROM result ORDER BY id)",
               "PASS,FAIL,SKIP,UNIMPLEMENTED,MISTRUSTED,ERROR,CRASHED,TIMEOUT");
    expect_sql("SELECT DISTINCT reason FROM result", "it's \"quoted\"; DROP TABLE result;-- \xff\n");
    expect_sql("SELECT count(*) FROM result WHERE err_rms IS NOT NULL", "1");
    expect_sql("SELECT err_max IS NULL AND err_rms > 1e308 FROM result WHERE status = 'FAIL'", "1");
    expect_sql("SELECT count(*) FROM result WHERE median_ns IS NULL AND gbps IS NULL AND nround = 0", "8");
    expect_sql("SELECT backend || ':' || name || ':' || impl || ':' || caps_json FROM result JOIN device ON"
               " device.id = device_id WHERE status = 'SKIP'", "vulkan:::{}");
    expect_sql("SELECT count(*) FROM device", "2");
}

static void the_same_case_again(void **unused)
{
    (void)unused;
    struct store *st = begun();
    struct result_row r = row_of(5), other = row_of(5), newer = row_of(5);
    other.suite = "norm";
    newer.def_version = 2;
    struct mxb_caps fewer = caps;
    fewer.units = 2;
    put(st, &r);
    put(st, &r);
    put(st, &other);
    put(st, &newer);
    r.caps = &fewer;
    put(st, &r);
    put(st, &r);
    finish(st);
    expect_sql("SELECT group_concat(suite || case_id || device_id || attempt) FROM (SELECT * FROM result ORDER BY id)",
               "smoke110,smoke111,norm110,smoke210,smoke120,smoke121");
    finish(st = begun());
    st = begun();
    r.caps = &caps;
    put(st, &r);                                     /* another run starts at 0 and finds the same rows */
    finish(st);
    expect_sql("SELECT case_id || device_id || attempt FROM result ORDER BY id DESC LIMIT 1", "110");
}

static void all_or_nothing(void **unused)
{
    (void)unused;
    static struct measurement round[2];
    fill_round(&round[0], 'd', 50, 1e3, 1);
    fill_round(&round[1], 'd', 50, 1e3, 2);
    round[1].host_ns[49] = -5;
    struct store *st = begun();
    struct result_row r = row_of(1);
    r.round = round, r.nround = 2, r.median_ns = 1e3;
    assert_int_equal(store_result(st, &r, err, sizeof err), MXB_EDB);
    assert_non_null(strstr(err, "a sample is not a time"));
    expect_sql("SELECT (SELECT count(*) FROM result) + (SELECT count(*) FROM round) + (SELECT count(*) FROM bench_case)"
               " + (SELECT count(*) FROM device)", "0");
    r.params_json = "{not json";
    assert_int_equal(store_result(st, &r, err, sizeof err), MXB_EDB);
    assert_non_null(strstr(err, "json_valid"));
    r.params_json = "{}";
    round[1].host_ns[49] = 5;
    put(st, &r);                                     /* the store goes on; device and case are made anew */
    finish(st);
    expect_sql("SELECT (SELECT count(*) FROM result) || (SELECT count(*) FROM round) || (SELECT count(*) FROM device)",
               "121");
    expect_sql("SELECT count(*) FROM pragma_foreign_key_check", "0");
}

static void more_devices_than_remembered(void **unused)
{
    (void)unused;
    struct store *st = begun();
    for (uint32_t pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < 2 * KNOWN_DEVICES; i++) {
            struct result_row r = row_of(pass);
            struct mxb_caps c = caps;
            c.device_id = i;
            r.caps = &c;
            put(st, &r);
        }
    }
    finish(st);
    expect_sql("SELECT count(*) FROM device", "32");
    expect_sql("SELECT count(*) FROM result GROUP BY device_id HAVING count(*) <> 2", "NULL");
}

static void durability(void **unused)
{
    (void)unused;
    struct run_info i = info;
    struct store *st = opened();
    assert_int_equal(store_begin(st, &i, uuid, err, sizeof err), 0);
    assert_int_equal(schema_number(st->db, "PRAGMA synchronous", -1), 1);   /* NORMAL */
    assert_int_equal(store_end(st, "complete", err, sizeof err), 0);
    i.durable = true;
    assert_int_equal(store_begin(st, &i, uuid, err, sizeof err), 0);
    assert_int_equal(schema_number(st->db, "PRAGMA synchronous", -1), 2);   /* FULL */
    assert_int_equal(schema_number(st->db, "PRAGMA foreign_keys", -1), 1);
    store_close(st);                                                        /* without an end */
    expect_sql("SELECT group_concat(state) FROM run", "complete,aborted");
    store_close(NULL);
}

/* ---- finding ---- */

static char found[512];
static int collect(void *ctx, const struct stored_case *c)
{
    int *left = ctx;
    char text[256];
    snprintf(text, sizeof text, "%s %s %s %g %g;", c->id, c->status, c->device, c->err_max, c->median_ns);
    strncat(found, text, sizeof found - strlen(found) - 1);
    assert_string_equal(c->op, "rms_norm");
    assert_string_equal(c->commit, "abc123");
    assert_int_equal(strlen(c->when), strlen("2024-01-01T00:00:00Z"));
    return --*left == 0 ? 77 : 0;
}
static const char *find(struct store *st, const char *hex, uint32_t max, int stop_after, int want_rc)
{
    found[0] = '\0';
    assert_int_equal(store_find(st, hex, max, collect, &stop_after, err, sizeof err), want_rc);
    return found;
}

static void finding(void **unused)
{
    (void)unused;
    struct store *st = begun();
    struct result_row a = row_of(0xab00000000000001), b = row_of(0xab10000000000002), c = row_of(0xb000000000000003);
    a.median_ns = 1500;
    b.status = ST_SKIP;
    b.compared = 0;
    b.caps = NULL;
    put(st, &a);
    put(st, &b);
    put(st, &c);
    a.median_ns = 1600;
    put(st, &a);
    assert_string_equal(find(st, "ab0", 9, 0, 0),
                        "ab00000000000001 PASS Some GPU 2.5 1600;ab00000000000001 PASS Some GPU 2.5 1500;");
    assert_string_equal(find(st, "AB0", 1, 0, 0), "ab00000000000001 PASS Some GPU 2.5 1600;");
    assert_string_equal(find(st, "ab10000000000002", 9, 0, 0), "ab10000000000002 SKIP  nan 0;");
    assert_string_equal(find(st, "b", 9, 0, 0), "b000000000000003 PASS Some GPU 2.5 0;");
    assert_string_equal(find(st, "", 2, 0, 0),
                        "ab00000000000001 PASS Some GPU 2.5 1600;b000000000000003 PASS Some GPU 2.5 0;");
    assert_string_equal(find(st, "", 9, 1, 77), "ab00000000000001 PASS Some GPU 2.5 1600;");
    assert_string_equal(find(st, "c", 9, 0, 0), "");
    find(st, "xyz", 9, 0, MXB_EINVAL);
    assert_non_null(strstr(err, "'xyz' is not a case id"));
    find(st, "0123456789abcdef0", 9, 0, MXB_EINVAL);
    finish(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_come_back),
        cmocka_unit_test(sample_bytes),
        cmocka_unit_test(samples_that_are_none),
        in_folder(a_new_database),
        in_folder(a_timed_result),
        in_folder(every_status),
        in_folder(the_same_case_again),
        in_folder(all_or_nothing),
        in_folder(more_devices_than_remembered),
        in_folder(durability),
        in_folder(finding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
