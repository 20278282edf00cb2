/* The Vulkan backend at work, on the first device: description, buffers, kernels, steps, time. */
#include "tests/unit/vulkan_common.h"

/* ---- finding devices ---- */

static void test_count_and_info(void **state)
{
    (void)state;
    char why[256] = "", err[256] = "";
    struct mxb_caps c;
    const int n = be->count(why, sizeof why);
    assert_int_equal(be->info(n, &c, err, sizeof err), MXB_EINVAL);
    assert_int_equal(be->info(-1, &c, err, sizeof err), MXB_EINVAL);
    assert_non_null(strstr(err, "-1"));
    if (n == 0) {
        print_message("no device: %s\n", why);
        assert_true(strlen(why) > 0);
        skip();
    }
    for (int i = 0; i < n; i++) {
        const int rc = be->info(i, &c, err, sizeof err);
        if (rc == MXB_EUNSUP) {
            continue;
        }
        assert_int_equal(rc, MXB_OK);
        print_message("%d: %s, %s %s, %s, %s, features %#llx, subgroup %u..%u, %llu MB\n", i, c.name, c.driver,
                      c.driver_version, c.api, c.uuid, (unsigned long long)c.features, c.sg_min, c.sg_max,
                      (unsigned long long)(c.mem_bytes >> 20));
        assert_true(strlen(c.name) > 0 && strlen(c.driver_version) > 0 && strlen(c.uuid) == 32);
        assert_int_equal(strncmp(c.api, "Vulkan 1.", 9), 0);
        assert_true(c.max_wg >= 128 && c.max_wg_dim[0] >= 128 && c.max_groups[2] >= 65535);   /* minima of Vulkan */
        assert_true(c.push_bytes >= 128 && c.max_bind >= 4 && c.local_bytes >= 16384);
        assert_true(c.bind_align > 0 && (c.bind_align & (c.bind_align - 1)) == 0);
        assert_true(c.mem_bytes > 0 && c.max_buffer >= 1u << 27 && c.sg_min <= c.sg_max);
        assert_int_equal(c.tick_ns > 0, (c.features & MXB_FEAT_DEVICE_TIME) != 0);
    }
}

/* ---- buffers ---- */

static void round_trip(struct mxb_dev *dev)
{
    static const struct { uint64_t off, n; } part[] = {
        { 0, 1 }, { 1, 1 }, { 3, 5 }, { 4095, 4097 }, { (8 << 20) - 1, 2 }, { (8 << 20) + 1, (16 << 20) + 3 },
        { 64 << 20, 3 }, { 77, 0 },
    };
    const size_t bytes = (64 << 20) + 3;
    unsigned char *want = malloc(bytes), *got = malloc(bytes), *src = malloc(bytes);
    assert_true(want && got && src);
    fill_pattern(want, bytes, 1);
    fill_pattern(src, bytes, 2);
    struct mxb_buf *b = make_buf(dev, want, bytes);
    for (size_t i = 0; i < MXB_COUNT(part); i++) {
        check(dev, be->upload(dev, b, part[i].off, src, part[i].n));
        memcpy(want + part[i].off, src, part[i].n);
    }
    check(dev, be->download(dev, b, 0, got, bytes));
    assert_memory_equal(got, want, bytes);
    for (size_t i = 0; i < MXB_COUNT(part); i++) {
        memset(got, 0, part[i].n + 1);
        check(dev, be->download(dev, b, part[i].off, got, part[i].n));
        assert_memory_equal(got, want + part[i].off, part[i].n);
        assert_int_equal(got[part[i].n], 0);   /* and no byte more */
    }
    assert_int_equal(be->upload(dev, b, bytes, src, 1), MXB_EINVAL);
    assert_int_equal(be->download(dev, b, 1, got, bytes), MXB_EINVAL);
    assert_int_equal(be->download(dev, b, 8, got, UINT64_MAX - 4), MXB_EINVAL);
    be->release(dev, b);
    free(want), free(got), free(src);
}

static void test_round_trip_mapped(void **state)
{
    (void)state;
    struct mxb_dev *dev = open_plain();
    round_trip(dev);
    be->close(dev);
}

static void test_round_trip_staging(void **state)
{
    (void)state;
    struct mxb_dev *dev = open_staging();
    round_trip(dev);
    be->close(dev);
}

static void test_alloc_limits(void **state)
{
    (void)state;
    struct mxb_dev *dev = open_plain();
    struct mxb_buf *b = NULL;
    assert_int_equal(be->alloc(dev, 0, &b), MXB_EINVAL);
    assert_int_equal(be->alloc(dev, UINT64_C(1) << 60, &b), MXB_ENOMEM);
    assert_non_null(strstr(dev->err, "1152921504606846976"));
    assert_int_equal(be->alloc(dev, UINT64_MAX, &b), MXB_ENOMEM);
    assert_null(b);
    check(dev, be->alloc(dev, 1, &b));   /* the device goes on */
    be->release(dev, b);
    be->release(dev, NULL);
    be->destroy(dev, NULL);
    be->close(dev);
    be->close(NULL);
}

/* ---- kernels ---- */

static void test_constants_and_params(void **state)
{
    (void)state;
    need_shaders();
    static const struct mxb_spec spec[] = {
        { "NEGATE", 200, 'b', 1 }, { "UNKNOWN", 777, 'i', 9 }, { "BIAS", 1000, 'i', -70000 },
    };
    static const struct mxb_spec truth = { "NEGATE", 200, 'b', 8 };   /* any non-zero value is true */
    struct mxb_dev *dev = open_plain();
    affine_case(dev, NULL, 0, 1, 0);
    affine_case(dev, spec, 3, -1, -70000);
    affine_case(dev, &truth, 1, -1, 0);
    be->close(dev);
}

static void test_narrow_storage(void **state)
{
    (void)state;
    need_shaders();
    struct mxb_dev *dev = open_plain();
    narrow_case(dev);
    be->close(dev);
}

static void test_bind_offsets(void **state)
{
    (void)state;
    need_shaders();
    struct mxb_dev *dev = open_plain();
    const struct affine_push push = { 16, 1, 100 };
    const size_t n = 16, align = dev->caps.bind_align, window = align < 4 * n ? 4 * n : align, bytes = 4 * window;
    uint32_t *host = malloc(bytes);
    for (size_t i = 0; i < bytes / 4; i++) {
        host[i] = (uint32_t)i;
    }
    struct mxb_pipe *pipe = compile(dev, "affine", sizeof push);
    struct mxb_buf *b = make_buf(dev, host, bytes);
    struct mxb_step step = { .kind = MXB_DISPATCH, .pipe = pipe, .groups = { 1, 1, 1 }, .nbind = 2, .push = &push,
                             .bind = { { b, window, n * 4 }, { b, 2 * window, n * 4 } } };
    struct mxb_time t;
    check(dev, be->run(dev, &step, 1, 1, &t));
    check(dev, be->download(dev, b, 0, host, bytes));
    const size_t out = 2 * window / 4;
    for (size_t i = 0; i < bytes / 4; i++) {
        const size_t want = i >= out && i < out + n ? i - window / 4 + 100 : i;
        assert_int_equal(host[i], want);
    }
    be->release(dev, b);
    be->destroy(dev, pipe);
    be->close(dev);
    free(host);
}

static void test_steps_and_reps(void **state)
{
    (void)state;
    need_shaders();
    struct mxb_dev *dev = open_plain();
    dependent_steps(dev, 1);
    dependent_steps(dev, 37);
    be->close(dev);
    dev = open_staging();
    dependent_steps(dev, 3);
    be->close(dev);
}

/* More steps than one case has: rotating over many buffer sets; the device then takes small runs again. */
static void test_many_steps(void **state)
{
    (void)state;
    need_shaders();
    enum { STEPS = 301 };
    struct mxb_dev *dev = open_plain();
    uint32_t a[N], b[N] = { 0 };
    fill_pattern((unsigned char *)a, sizeof a, 4);
    struct mxb_pipe *pipe = compile(dev, "rotate", 0);
    struct mxb_buf *buf[2] = { make_buf(dev, a, sizeof a), make_buf(dev, b, sizeof b) };
    struct mxb_step *steps = calloc(STEPS, sizeof *steps);
    for (uint32_t i = 0; i < STEPS; i++) {
        steps[i] = (struct mxb_step){ .kind = MXB_DISPATCH, .pipe = pipe, .groups = { (N + 63) / 64, 1, 1 }, .nbind = 2,
                                      .bind = { { buf[i % 2], 0, sizeof a }, { buf[(i + 1) % 2], 0, sizeof a } } };
    }
    struct mxb_time t;
    check(dev, be->run(dev, steps, STEPS, 1, &t));
    for (uint32_t i = 0; i < STEPS; i++) {
        i % 2 == 0 ? rotate(b, a) : rotate(a, b);
    }
    uint32_t got[N];
    check(dev, be->download(dev, buf[1], 0, got, sizeof got));
    assert_memory_equal(got, b, sizeof b);
    check(dev, be->run(dev, steps, 1, 1, &t));
    be->release(dev, buf[0]);
    be->release(dev, buf[1]);
    be->destroy(dev, pipe);
    be->close(dev);
    free(steps);
}

static void test_time(void **state)
{
    (void)state;
    need_shaders();
    struct mxb_dev *dev = open_plain();
    uint32_t a[N] = { 0 };
    struct mxb_pipe *pipe = compile(dev, "rotate", 0);
    struct mxb_buf *x = make_buf(dev, a, sizeof a), *y = make_buf(dev, a, sizeof a);
    const struct mxb_step step = { .kind = MXB_DISPATCH, .pipe = pipe, .groups = { (N + 63) / 64, 1, 1 }, .nbind = 2,
                                   .bind = { { x, 0, sizeof a }, { y, 0, sizeof a } } };
    struct mxb_time first, one = { 0 }, many = { 0 };
    check(dev, be->run(dev, &step, 1, 1, &first));
    check(dev, be->run(dev, &step, 1, 1, &one));
    check(dev, be->run(dev, &step, 1, 1024, &many));
    print_message("1 dispatch: device %.0f ns, host %.0f ns; 1024: device %.0f ns, host %.0f ns\n", one.dev_ns,
                  one.host_ns, many.dev_ns, many.host_ns);
    assert_true(one.host_ns > 0 && many.host_ns > one.host_ns);
    if (dev->caps.features & MXB_FEAT_DEVICE_TIME) {
        assert_true(one.dev_ns > 0 && one.dev_ns <= one.host_ns);
        assert_true(many.dev_ns > one.dev_ns && many.dev_ns <= many.host_ns);
    } else {
        assert_true(one.dev_ns < 0);
    }
    be->release(dev, x);
    be->release(dev, y);
    be->destroy(dev, pipe);
    be->close(dev);
}

static void test_timestamp_wraps(void **state)
{
    (void)state;
    assert_int_equal(vk_elapsed_ticks(100, 130, 64), 30);
    assert_int_equal(vk_elapsed_ticks((UINT64_C(1) << 36) - 10, 5, 36), 15);
    assert_int_equal(vk_elapsed_ticks(UINT64_MAX - 1, 3, 64), 5);
    /* bits above the valid ones mean nothing */
    assert_int_equal(vk_elapsed_ticks(UINT64_C(0xAB00000000000010), UINT64_C(0x1200000000000030), 36), 0x20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count_and_info),
        cmocka_unit_test(test_round_trip_mapped),
        cmocka_unit_test(test_round_trip_staging),
        cmocka_unit_test(test_alloc_limits),
        cmocka_unit_test(test_constants_and_params),
        cmocka_unit_test(test_narrow_storage),
        cmocka_unit_test(test_bind_offsets),
        cmocka_unit_test(test_steps_and_reps),
        cmocka_unit_test(test_many_steps),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_timestamp_wraps),
    };
    return cmocka_run_group_tests_name("vulkan", tests, NULL, NULL);
}
