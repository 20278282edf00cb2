/* Tests of the roofline: which limit binds a case, by hand; what is stored for a device comes back; the best figure
 * counts. */
#include "store_fixture.h"

#include "harness/ops.h"
#include "harness/roofline.h"

static const struct roofline roof = { .memory_gbps = 100, .cache_gbps = 400, .f32_gflops = 1000, .f16_gflops = 4000 };
static const struct mxb_caps small = { .llc_bytes = 1 << 20 };

static void expect_limit(double bytes, double flops, enum mxb_dtype t, enum cache_mode cache, uint64_t needs, double ns,
                         const char *by)
{
    const struct roofline_limit l = roofline_limit(&roof, &small, bytes, flops, t, cache, needs);
    assert_string_equal(l.by, by);
    assert_true(fabs(l.ns - ns) <= 1e-12 * ns);
}

/* GB/s are bytes per ns, GFLOP/s operations per ns. */
static void the_binding_limit(void **unused)
{
    (void)unused;
    expect_limit(4e6, 0, MXB_F32, CACHE_WARM, 0, 4e4, "memory");
    expect_limit(4e6, 3.9e7, MXB_F32, CACHE_WARM, 0, 4e4, "memory");
    expect_limit(4e6, 4.1e7, MXB_F32, CACHE_WARM, 0, 4.1e4, "arithmetic");
    expect_limit(4e6, 4.1e7, MXB_BF16, CACHE_WARM, 0, 4.1e4, "arithmetic");
    expect_limit(4e6, 4.1e7, MXB_F16, CACHE_WARM, 0, 4e4, "memory");         /* f16 arithmetic is faster here */
    expect_limit(4e6, 2e8, MXB_F16, CACHE_WARM, MXB_FEAT_SUBGROUP, 5e4, "arithmetic");
    expect_limit(4e5, 0, MXB_F32, CACHE_WARM, 0, 1e3, "cache");
    expect_limit(4e5, 0, MXB_F32, CACHE_COLD, 0, 4e3, "memory");
    expect_limit((2 << 20) - 1, 0, MXB_F32, CACHE_WARM, 0, ((2 << 20) - 1) / 400.0, "cache");
    expect_limit(2 << 20, 0, MXB_F32, CACHE_WARM, 0, (2 << 20) / 100.0, "memory");
    expect_limit(4e6, 4e9, MXB_F16, CACHE_WARM, MXB_FEAT_COOPMAT_KHR, 0, "");  /* matrix units: peak not measured */
    expect_limit(0, 0, MXB_F32, CACHE_WARM, 0, 0, "");
}

static void not_measured(void **unused)
{
    (void)unused;
    struct roofline r = { 0 };
    assert_string_equal(roofline_limit(&r, &small, 4e6, 4e6, MXB_F32, CACHE_WARM, 0).by, "");
    r = (struct roofline){ .cache_gbps = 400, .f32_gflops = 1000 };           /* a device without large buffers */
    const struct roofline_limit l = roofline_limit(&r, &small, 4e6, 0, MXB_F32, CACHE_COLD, 0);
    assert_string_equal(l.by, "cache");
    assert_true(l.ns == 1e4);
    static const struct mxb_caps no_size = { .llc_bytes = 0 };                /* 64 MiB is assumed */
    assert_string_equal(roofline_limit(&roof, &no_size, 1e8, 0, MXB_F32, CACHE_WARM, 0).by, "cache");
    assert_string_equal(roofline_limit(&roof, &no_size, 2e8, 0, MXB_F32, CACHE_WARM, 0).by, "memory");
}

static void collect(struct roofline_probe *p, const char *entry, enum mxb_status st, double bytes, double gbps,
                    double gflops)
{
    struct result_row r = row_of(1);
    r.entry = entry;
    r.caps = &small;
    r.status = st;
    r.bytes = bytes;
    r.flops = gflops;
    r.gbps = gbps;
    r.gflops = gflops;
    r.median_ns = 1;
    roofline_collect(p, &r);
}

static void the_best_figures(void **unused)
{
    (void)unused;
    struct roofline_probe p = { 0 };
    struct roofline r;
    assert_false(roofline_result(&p, &r));
    collect(&p, "bench_copy_u32", ST_PASS, 1e5, 300, 0);
    collect(&p, "bench_copy_u32", ST_PASS, 1e5, 200, 0);
    collect(&p, "bench_copy_u32", ST_FAIL, 1e5, 900, 0);                      /* a wrong copy is no copy */
    assert_false(roofline_result(&p, &r));
    collect(&p, "bench_copy_u32", ST_PASS, 4e6, 50, 0);
    collect(&p, "bench_copy_u32", ST_PASS, 8e6, 60, 0);
    collect(&p, "bench_read_u32", ST_PASS, 8e6, 70, 0);                      /* reads can be faster than copies */
    collect(&p, "bench_read_u32", ST_PASS, 1e5, 250, 0);
    collect(&p, "bench_fma_f32", ST_PASS, 1e5, 1, 700);
    collect(&p, "bench_fma_f16", ST_SKIP, 1e5, 1, 0);
    assert_true(roofline_result(&p, &r));
    assert_true(r.memory_gbps == 70 && r.cache_gbps == 300 && r.f32_gflops == 700 && r.f16_gflops == 0);
}

static void kept_per_device(void **unused)
{
    (void)unused;
    struct roofline r;
    struct mxb_caps other = caps;
    strcpy(other.driver_version, "1.3");
    struct store *st = begun();
    assert_int_equal(store_get_roofline(st, "vulkan", &caps, &r, err, sizeof err), 0);
    assert_true(r.cache_gbps == 0 && r.f32_gflops == 0);
    const struct roofline first = { 0, 300, 700, 0 };
    assert_int_equal(store_add_roofline(st, "vulkan", &caps, &first, "0.1", err, sizeof err), 0);
    assert_int_equal(store_get_roofline(st, "vulkan", &caps, &r, err, sizeof err), 0);
    assert_memory_equal(&r, &first, sizeof r);
    assert_int_equal(store_add_roofline(st, "vulkan", &caps, &roof, "0.1", err, sizeof err), 0);
    assert_int_equal(store_get_roofline(st, "vulkan", &caps, &r, err, sizeof err), 0);
    assert_memory_equal(&r, &roof, sizeof r);                                 /* the latest */
    assert_int_equal(store_get_roofline(st, "vulkan", &other, &r, err, sizeof err), 0);
    assert_true(r.cache_gbps == 0);                                           /* another driver is another device */
    assert_int_equal(store_get_roofline(st, "opencl", &caps, &r, err, sizeof err), 0);
    assert_true(r.cache_gbps == 0);
    finish(st);
    expect_sql("SELECT count(*) FROM roofline WHERE memory_gbps IS NULL AND f16_gflops IS NULL", "1");
}

static void share_of_the_limit(void **unused)
{
    (void)unused;
    static struct measurement round;
    fill_round(&round, 'h', 30, 50e3, 1);
    struct store *st = begun();
    struct result_row r = row_of(1);
    r.round = &round, r.nround = 1;
    r.median_ns = 50e3, r.ci_lo_ns = 49e3, r.ci_hi_ns = 51e3, r.limit_ns = 20e3, r.limit_by = "memory";
    put(st, &r);
    expect_sql("SELECT limit_by || '/' || limit_pct || '/' || impossible FROM v_result", "memory/40.0/0");
    r.limit_ns = 52.6e3;
    put(st, &r);
    expect_sql("SELECT impossible FROM v_result WHERE attempt = 1", "1");
    r.limit_ns = 0;
    put(st, &r);
    expect_sql("SELECT limit_by || '/' || (limit_pct IS NULL) || impossible FROM v_result WHERE attempt = 2", "/10");
    finish(st);
}

/* The harness's own entries are ops like any other, but no part of the catalogue. */
static void outside_of_the_catalogue(void **unused)
{
    (void)unused;
    for (uint32_t i = 0; i < ops_count(); i++)
        for (uint32_t e = 0; e < ops_get(i)->nentry; e++) {
            bool listed = false;
            for (uint32_t k = 0; k < catalogue_count; k++)
                listed |= strcmp(catalogue[k].name, ops_get(i)->entry[e].name) == 0;
            if (strcmp(ops_get(i)->family, "bench") == 0) assert_false(listed);
        }
    assert_non_null(ops_find("bench_copy"));
    assert_non_null(ops_find("bench_read"));
    assert_non_null(ops_find("bench_fma"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_binding_limit), cmocka_unit_test(not_measured), cmocka_unit_test(the_best_figures),
        in_folder(kept_per_device), in_folder(share_of_the_limit), cmocka_unit_test(outside_of_the_catalogue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
