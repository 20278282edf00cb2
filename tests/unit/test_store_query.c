/* Reading results back: which runs a word names, filters, samples, labels of devices, and the fields of a case text. */
#include "store_fixture.h"

#include "harness/case_fields.h"
#include "harness/plot.h"
#include "harness/store_query.h"

static char uuids[3][37];

static struct store *three_runs(void)
{
    struct store *st = opened();
    static struct measurement m[2];
    static const char *const text[] = { "rms_norm_f16 rows=1 dim=64 eps=1e-06 seed=1 vulkan auto warm",
                                        "rms_norm_f16 rows=4 dim=64 eps=1e-06 seed=1 vulkan auto warm",
                                        "rms_norm_f16 rows=16 dim=64 eps=1e-06 seed=1 vulkan auto warm" };
    for (int u = 0; u < 3; u++) {
        if (store_begin(st, &info, uuids[u], err, sizeof err)) fail_msg("%s", err);
        for (uint64_t c = 0; c < 3; c++) {
            struct result_row r = row_of(0x1111111111111111 * (c + 1));
            const double t = 1000 * (1 << 2 * c);                /* grows with the rows to the power of 1 */
            fill_round(&m[0], 'd', 20, t, c + 1);
            fill_round(&m[1], 'd', 30, t, c + 9);
            r.case_text = text[c];
            r.round = m;
            r.nround = 2;
            r.median_ns = t;
            r.ci_lo_ns = 0.9 * t;
            r.ci_hi_ns = 1.1 * t;
            r.gbps = 1;
            r.gflops = 2;
            put(st, &r);
        }
        if (store_end(st, "complete", err, sizeof err)) fail_msg("%s", err);
    }
    return st;
}

static int runs(struct store *st, const char *word, int64_t **id, uint32_t *n)
{
    return query_runs(st, &word, word != NULL, id, n, err, sizeof err);
}

static void test_runs(void **state)
{
    struct store *st = three_runs();
    int64_t *id;
    uint32_t n;
    char prefix[9];
    (void)state;
    assert_int_equal(runs(st, NULL, &id, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(id[0], 3);
    free(id);
    assert_int_equal(runs(st, "last~2", &id, &n), 0);
    assert_int_equal(id[0], 1);
    free(id);
    assert_int_equal(runs(st, "all", &id, &n), 0);
    assert_int_equal(n, 3);
    free(id);
    snprintf(prefix, sizeof prefix, "%.8s", uuids[1]);
    assert_int_equal(runs(st, prefix, &id, &n), 0);
    assert_int_equal(id[0], 2);
    free(id);
    prefix[2] = 0;
    assert_int_equal(runs(st, prefix, &id, &n), MXB_EINVAL);
    assert_int_equal(runs(st, "last~3", &id, &n), MXB_EINVAL);
    assert_int_equal(runs(st, "zzzz", &id, &n), MXB_EINVAL);
    assert_null(id);
    store_close(st);
}

static void test_filters(void **state)
{
    struct store *st = three_runs();
    struct result_set s;
    const int64_t run[] = { 2, 3 };
    static const char *const vulkan[] = { "vulkan" }, *const cpu[] = { "cpu" };
    (void)state;
    assert_int_equal(query_results(st, &(struct result_filter){ .run = run, .nrun = 2 }, &s, err, sizeof err), 0);
    assert_int_equal(s.nrun, 2);
    assert_int_equal(s.nresult, 6);
    assert_int_equal(s.ndevice, 1);
    const struct stored_result *r = &s.result[4];
    assert_string_equal(s.run[r->run].uuid, uuids[2]);
    assert_string_equal(r->line.id, "2222222222");
    assert_string_equal(r->line.device_label, "vulkan");
    assert_string_equal(r->line.device, "Some GPU");
    assert_string_equal(r->line.clock, "device");
    assert_null(r->line.reason);
    assert_int_equal(r->line.n, 50);
    assert_int_equal(r->line.rounds, 2);
    assert_true(r->line.median_ns == 4000 && isnan(r->line.oracle_ns));
    result_set_free(&s);
    static const struct { struct result_filter f; uint32_t n;
    } row[] = { { { .case_hash = "2222" }, 3 },
                { { .op = "rms_norm" }, 9 },
                { { .op = "other" }, 0 },
                { { .text = "rows=16" }, 3 },
                { { .text = "*rows=1 *" }, 3 },
                { { .backend = vulkan, .nbackend = 1 }, 9 },
                { { .backend = cpu, .nbackend = 1 }, 0 },
                { { .entry = "rms_norm_f16", .text = "dim=64" }, 9 } };
    for (size_t i = 0; i < MXB_COUNT(row); i++) {
        assert_int_equal(query_results(st, &row[i].f, &s, err, sizeof err), 0);
        assert_int_equal(s.nresult, row[i].n);
        result_set_free(&s);
    }
    assert_int_equal(query_latest(st, &s, err, sizeof err), 0);
    assert_int_equal(s.nresult, 3);
    assert_string_equal(s.run[0].uuid, uuids[2]);
    result_set_free(&s);
    store_close(st);
}

static void test_samples(void **state)
{
    struct store *st = three_runs();
    static struct measurement m;
    double *ns;
    size_t n;
    char hash[4][17];
    (void)state;
    assert_int_equal(query_samples(st, 2, &ns, &n, err, sizeof err), 0);
    assert_int_equal(n, 50);
    fill_round(&m, 'd', 20, 4000, 2);
    for (int i = 0; i < 20; i++) assert_true(fabs(ns[i] - m.ns[i]) <= 1. / 32);
    free(ns);
    assert_int_equal(query_samples(st, 999, &ns, &n, err, sizeof err), 0);
    assert_null(ns);
    assert_int_equal(query_well_known(st, 3, 3, hash, 4, err, sizeof err), 3);
    assert_string_equal(hash[0], "1111111111111111");
    assert_int_equal(query_well_known(st, 3, 4, hash, 4, err, sizeof err), 0);
    sql_do(db, "UPDATE sample_blob SET crc32 = crc32 + 1");
    assert_int_equal(query_samples(st, 2, &ns, &n, err, sizeof err), MXB_EINVAL);
    assert_non_null(strstr(err, "corrupt"));
    store_close(st);
}

/* The time grows in proportion to the rows, so the fitted exponent is 1. */
static void test_scaling(void **state)
{
    struct store *st = three_runs();
    struct result_set s;
    const int64_t run = 3;
    struct plot p;
    char name[48];
    (void)state;
    assert_int_equal(query_results(st, &(struct result_filter){ .run = &run, .nrun = 1 }, &s, err, sizeof err), 0);
    assert_string_equal(plot_swept_param(&s, "rms_norm", name), "rows");
    const struct plot_request q = { .store = st, .set = &s, .op = "rms_norm" };
    assert_int_equal(plot_build(plot_find("scaling"), &q, &p, err, sizeof err), 0);
    assert_int_equal(p.points, 3);
    assert_non_null(strstr(p.data_text, "vulkan: exponent 1.00,16,16000,14400,17600,1,16000,"));
    plot_free(&p);
    result_set_free(&s);
    store_close(st);
}

static void test_fields(void **state)
{
    static const char *const text[] = { "op_f32 a=1 b=2 c=x seed=1 cpu tiled BQ=8 warm",
                                        "op_f32 a=1 b=3 c=x seed=1 cpu tiled BQ=16 warm",
                                        "op_f16 a=1 b=3 c=x seed=1 cpu auto warm" };
    struct stored_result r[3] = { 0 };
    const struct stored_result *list[3] = { &r[0], &r[1], &r[2] };
    static const char *const entry[] = { "op_f32", "op_f32", "op_f16" };
    struct varying v;
    char label[100];
    double value;
    (void)state;
    for (int i = 0; i < 3; i++) {
        r[i].case_text = text[i];
        r[i].line.op = "op";
        r[i].line.entry = entry[i];
        r[i].line.cache = "warm";
    }
    assert_int_equal(problem_length(text[0]), strlen("op_f32 a=1 b=2 c=x seed=1"));
    assert_false(same_problem(&r[0], &r[1]));
    assert_true(same_problem_but(&r[0], &r[1], "b"));
    assert_false(same_problem_but(&r[0], &r[1], "a"));
    assert_false(same_problem_but(&r[1], &r[2], "b"));          /* another entry */
    r[1].line.cache = "cold";
    assert_false(same_problem_but(&r[0], &r[1], "b"));
    r[1].line.cache = "warm";
    find_varying(list, 3, &v);
    assert_int_equal(v.n, 1);
    assert_string_equal(v.name[0], "b");
    problem_label(&r[0], &v, true, label, sizeof label);
    assert_string_equal(label, "f32 b=2");
    common_label(&r[0], &v, label, sizeof label);
    assert_string_equal(label, "a=1 c=x");
    assert_true(field_number(text[1], "BQ", &value) && value == 16);
    assert_false(field_number(text[1], "c", &value));
    assert_false(field_number(text[1], "B", &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = { in_folder(test_runs), in_folder(test_filters), in_folder(test_samples),
                                        in_folder(test_scaling), cmocka_unit_test(test_fields) };
    return cmocka_run_group_tests_name("store_query", tests, NULL, NULL);
}
