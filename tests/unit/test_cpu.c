/* Tests the cpu backend: what it says about itself, buffers, steps, and that the pool computes every item once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/cpu/cpu.h"

static const struct mxb_backend *const be = &mxb_backend_cpu;

static struct mxb_dev *open_threads(uint32_t threads)
{
    struct mxb_dev *d = NULL;
    char err[MXB_ERRLEN] = "";
    const struct mxb_open_opts opts = { .threads = threads };
    if (be->open(0, &opts, &d, err, sizeof err)) fail_msg("%s", err);
    return d;
}

static struct mxb_buf *new_buf(struct mxb_dev *d, uint64_t bytes)
{
    struct mxb_buf *b = NULL;
    if (be->alloc(d, bytes, &b)) fail_msg("%s", d->err);
    return b;
}

static struct mxb_pipe *new_pipe(struct mxb_dev *d, mxb_cpu_fn fn, uint32_t push_bytes, uint64_t scratch_bytes)
{
    static const struct mxb_spec spec[] = { { "A", 0, 'i', 7 }, { "B", 1, 'b', 1 } };
    const struct mxb_shader s = { .label = "test", .entry = "fn", .code_fn = fn, .spec = spec, .nspec = 2, .nbind = 1,
                                  .push_bytes = push_bytes, .scratch_bytes = scratch_bytes };
    struct mxb_pipe *p = NULL;
    if (be->compile(d, &s, &p)) fail_msg("%s", d->err);
    return p;
}

/* ---- the device ---- */

#if defined(__x86_64__)
static bool cpuinfo_has(const char *flag)
{
    char line[16384];
    bool found = false;
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && !found && fgets(line, sizeof line, f)) found = strncmp(line, "flags", 5) == 0 && strstr(line, flag);
    if (f) fclose(f);
    return found;
}
#endif

static void test_caps(void **state)
{
    (void)state;
    char why[64] = "x", err[MXB_ERRLEN] = "";
    struct mxb_caps c;
    struct mxb_dev *d = NULL;
    assert_int_equal(be->count(why, sizeof why), 1);
    assert_string_equal(why, "");
    assert_int_equal(be->info(0, &c, err, sizeof err), 0);
    assert_int_equal(c.kind, MXB_KIND_CPU);
    assert_true(strlen(c.name) > 0 && strlen(c.driver_version) > 4 && strlen(c.api) > 0);
    assert_in_range(c.units, 1, (LargestIntegralType)sysconf(_SC_NPROCESSORS_CONF));
    assert_true(c.mem_bytes > 1 << 20 && c.max_buffer <= c.mem_bytes && c.local_bytes >= 1 << 15);
    assert_int_equal(c.bind_align, 64);
    assert_int_equal(c.push_bytes, 128);
    assert_true(c.tick_ns > 0 && c.tick_ns < 1e6);
    const uint64_t always = MXB_FEAT_F16_STORAGE | MXB_FEAT_U8_STORAGE | MXB_FEAT_INT64 | MXB_FEAT_UNIFIED_MEM |
                            MXB_FEAT_DEVICE_TIME;
    assert_int_equal(c.features & always, always);
    if (c.features & MXB_FEAT_AVX512) assert_true(c.features & MXB_FEAT_AVX2);
#if defined(__x86_64__)                              /* gcc's own detection */
    assert_int_equal((c.features & MXB_FEAT_AVX2) != 0, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
    assert_int_equal((c.features & MXB_FEAT_AVX512) != 0,
                     __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"));
    /* Linux's; without AVX-512 they are of no use, and Linux may refuse tiles that the processor has. */
    const bool avx512 = c.features & MXB_FEAT_AVX512;
    assert_int_equal((c.features & MXB_FEAT_AVX512_BF16) != 0, avx512 && cpuinfo_has(" avx512_bf16"));
    assert_int_equal((c.features & MXB_FEAT_AVX512_FP16) != 0, avx512 && cpuinfo_has(" avx512_fp16"));
    assert_true(!(c.features & MXB_FEAT_AMX_BF16) || (cpuinfo_has(" amx_bf16") && cpuinfo_has(" amx_tile")));
#endif
    assert_int_equal(be->info(1, &c, err, sizeof err), MXB_EINVAL);
    assert_int_equal(be->open(1, NULL, &d, err, sizeof err), MXB_EINVAL);
    assert_non_null(strstr(err, "device 1"));
    const struct mxb_open_opts many = { .threads = 1000000 };
    assert_int_equal(be->open(0, &many, &d, err, sizeof err), MXB_EINVAL);
    be->close(NULL);
}

/* ---- buffers ---- */

static void test_buffers(void **state)
{
    (void)state;
    struct mxb_dev *d = open_threads(1);
    struct mxb_buf *b = NULL, *c;
    char text[16] = "";
    assert_int_equal(be->alloc(d, 0, &b), MXB_EINVAL);
    assert_int_equal(be->alloc(d, d->caps.mem_bytes + 1, &b), MXB_ENOMEM);
    assert_int_equal(be->alloc(d, UINT64_MAX, &b), MXB_ENOMEM);
    assert_non_null(strstr(d->err, "out of memory"));

    b = new_buf(d, 10);
    assert_int_equal(be->upload(d, b, 0, "0123456789", 10), 0);
    assert_int_equal(be->upload(d, b, 3, "xyz", 3), 0);
    assert_int_equal(be->download(d, b, 2, text, 8), 0);
    assert_memory_equal(text, "2xyz6789", 8);
    assert_int_equal(be->upload(d, b, 10, "", 0), 0);
    assert_int_equal(be->upload(d, b, 8, "abc", 3), MXB_EINVAL);
    assert_int_equal(be->download(d, b, UINT64_MAX, text, 2), MXB_EINVAL);
    assert_int_equal(be->download(d, b, 2, text, UINT64_MAX - 1), MXB_EINVAL);
    assert_non_null(strstr(d->err, "buffer of 10"));

    d->caps.mem_bytes = 1 << 20;                     /* the limit is for all buffers together */
    assert_int_equal(be->alloc(d, (1 << 20) - 9, &c), MXB_ENOMEM);
    c = new_buf(d, (1 << 20) - 10);
    be->release(d, c);
    c = new_buf(d, (1 << 20) - 10);
    be->release(d, c);
    be->release(d, b);
    be->release(d, NULL);
    be->close(d);
}

/* ---- steps ---- */

struct push { uint32_t add; };

/* out[i] += add + A (spec 0), checking what every kernel is promised. */
static void add_kernel(const struct mxb_args *a, int64_t begin, int64_t end)
{
    uint32_t *out = a->buf[0];
    assert((uintptr_t)a->scratch % 64 == 0 && (uintptr_t)out % 64 == 0 && a->spec[1] == 1);
    assert(begin < end && end <= (int64_t)a->groups[0] * a->groups[1] * a->groups[2]);
    for (int64_t i = begin; i < end; i++) out[i] += ((const struct push *)a->params)->add + (uint32_t)a->spec[0];
}

static struct mxb_step step(struct mxb_pipe *p, struct mxb_buf *b, uint64_t len, uint32_t items, const void *push)
{
    return (struct mxb_step){ .kind = MXB_DISPATCH, .pipe = p, .groups = { items, 1, 1 }, .bind = { { b, 0, len } },
                              .nbind = 1, .push = push };
}

static void expect(struct mxb_dev *d, struct mxb_buf *b, uint64_t first, uint64_t n, uint32_t want)
{
    uint32_t *v = malloc(n * 4);
    assert_non_null(v);
    assert_int_equal(be->download(d, b, first * 4, v, n * 4), 0);
    for (uint64_t i = 0; i < n; i++)
        if (v[i] != want) fail_msg("element %llu is %u, not %u", (unsigned long long)(first + i), v[i], want);
    free(v);
}

static void test_every_item_once(void **state)
{
    (void)state;
    static const uint32_t threads[] = { 1, 2, 3, 7 }, items[] = { 0, 1, 2, 3, 5, 8, 100, 65536 };
    for (size_t t = 0; t < MXB_COUNT(threads); t++) {
        struct mxb_dev *d = open_threads(threads[t]);
        struct mxb_pipe *p = new_pipe(d, add_kernel, sizeof(struct push), 100);
        struct mxb_buf *b = new_buf(d, 65600 * 4);
        assert_int_equal(d->caps.units, threads[t]);
        for (size_t n = 0; n < MXB_COUNT(items); n++) {
            const struct push one = { 1 }, ten = { 10 };
            struct mxb_time time = { -1, -1 };
            const struct mxb_step steps[] = {
                { .kind = MXB_FILL, .bind = { { b, 0, 65600 * 4 } }, .nbind = 1, .fill = 1000 },
                step(p, b, 65536 * 4, items[n], &one), step(p, b, 65536 * 4, items[n], &ten),
            };
            assert_int_equal(be->run(d, steps, 3, 1, &time), 0);
            expect(d, b, 0, items[n], 1000 + 1 + 7 + 10 + 7);
            expect(d, b, items[n], 65600 - items[n], 1000);
            assert_int_equal(be->run(d, steps + 1, 2, 3, &time), 0);
            expect(d, b, 0, items[n], 1000 + 4 * (1 + 7 + 10 + 7));
            assert_true(time.host_ns >= 0 && time.dev_ns == time.host_ns);
        }
        be->destroy(d, p);
        be->release(d, b);
        be->close(d);
    }
}

static void test_grid_is_flattened(void **state)
{
    (void)state;
    struct mxb_dev *d = open_threads(2);
    struct mxb_pipe *p = new_pipe(d, add_kernel, sizeof(struct push), 0);
    struct mxb_buf *b = new_buf(d, 4096);
    const struct push one = { 1 };
    struct mxb_time time;
    struct mxb_step steps[] = { { .kind = MXB_FILL, .bind = { { b, 0, 4096 } }, .nbind = 1 }, step(p, b, 64, 2, &one) };
    steps[1].groups[1] = 3;
    steps[1].groups[2] = 4;
    steps[1].bind[0].off = 64;
    assert_int_equal(be->run(d, steps, 2, 1, &time), 0);
    expect(d, b, 0, 16, 0);
    expect(d, b, 16, 24, 8);
    expect(d, b, 40, 900, 0);
    be->destroy(d, p);
    be->release(d, b);
    be->close(d);
}

static void test_bad_steps(void **state)
{
    (void)state;
    struct mxb_dev *d = open_threads(1);
    struct mxb_pipe *p = new_pipe(d, add_kernel, sizeof(struct push), 0), *none = NULL;
    struct mxb_buf *b = new_buf(d, 256);
    const struct push one = { 1 };
    struct mxb_time time;
    struct mxb_step s = step(p, b, 256, 4, &one);
    s.bind[0].off = 64;
    assert_int_equal(be->run(d, &s, 1, 1, &time), MXB_EINVAL);             /* past the end */
    s = step(p, b, 100, 4, &one);
    s.bind[0].off = 4;
    assert_int_equal(be->run(d, &s, 1, 1, &time), MXB_EINVAL);             /* not aligned */
    s = step(p, b, 256, 4, NULL);
    assert_int_equal(be->run(d, &s, 1, 1, &time), MXB_EINVAL);             /* no parameters */
    s = step(p, b, 256, 4, &one);
    s.nbind = 2;
    s.bind[1] = s.bind[0];
    assert_int_equal(be->run(d, &s, 1, 1, &time), MXB_EINVAL);             /* a binding too many */
    s = step(p, b, 256, UINT32_MAX, &one);
    s.groups[1] = s.groups[2] = UINT32_MAX;
    assert_int_equal(be->run(d, &s, 1, 1, &time), MXB_EINVAL);             /* 2^96 items */
    s = (struct mxb_step){ .kind = MXB_FILL, .bind = { { b, 0, 3 } }, .nbind = 1 };
    assert_int_equal(be->run(d, &s, 1, 1, &time), MXB_EINVAL);
    const struct mxb_shader no_code = { .label = "rms", .entry = "f" }, huge = { .label = "x", .code_fn = add_kernel,
                                        .scratch_bytes = UINT64_MAX / 2 };
    assert_int_equal(be->compile(d, &no_code, &none), MXB_ECOMPILE);
    assert_int_equal(be->compile(d, &huge, &none), MXB_ENOMEM);
    be->destroy(d, NULL);
    be->destroy(d, p);
    be->release(d, b);
    be->close(d);
}

/* ---- threads ---- */

static void *const all_ones = (void *)UINTPTR_MAX;

/* Notes its scratch in out[item] and checks that nobody else writes there meanwhile. */
static void scratch_kernel(const struct mxb_args *a, int64_t begin, int64_t end)
{
    volatile int64_t *mine = a->scratch;
    for (int64_t i = begin; i < end; i++) {
        mine[0] = mine[1023] = i;
        for (int spin = 0; spin < 200; spin++)
            if (mine[0] != i || mine[1023] != i) ((void **)a->buf[0])[i] = all_ones;
        if (((void **)a->buf[0])[i] != all_ones) ((void **)a->buf[0])[i] = a->scratch;
    }
}

static void test_scratch_is_private(void **state)
{
    (void)state;
    enum { ITEMS = 3000 };
    struct mxb_dev *d = open_threads(4);
    struct mxb_pipe *small = new_pipe(d, scratch_kernel, 0, 8), *p = new_pipe(d, scratch_kernel, 0, 8192);
    struct mxb_buf *b = new_buf(d, ITEMS * sizeof(void *));
    struct mxb_step steps[] = { { .kind = MXB_FILL, .bind = { { b, 0, ITEMS * sizeof(void *) } }, .nbind = 1 },
                                step(p, b, ITEMS * sizeof(void *), ITEMS, NULL) };
    struct mxb_time time;
    void *seen[ITEMS], *distinct[4];
    size_t n = 0;
    assert_int_equal(be->run(d, steps, 2, 1, &time), 0);
    assert_int_equal(be->download(d, b, 0, seen, sizeof seen), 0);
    for (size_t i = 0; i < ITEMS; i++) {
        size_t k = 0;
        assert_true(seen[i] && seen[i] != all_ones);
        while (k < n && distinct[k] != seen[i]) k++;
        if (k < n) continue;
        assert_true(n < MXB_COUNT(distinct));        /* no more scratches than threads */
        distinct[n++] = seen[i];
    }
    be->destroy(d, small);
    be->destroy(d, p);
    be->release(d, b);
    be->close(d);
}

/* Counts threads inside at once: out[0] now, out[1] at most. */
static void meet_kernel(const struct mxb_args *a, int64_t begin, int64_t end)
{
    _Atomic uint32_t *out = a->buf[0];
    for (int64_t i = begin; i < end; i++) {
        const uint32_t now = atomic_fetch_add(&out[0], 1) + 1;
        uint32_t most = atomic_load(&out[1]);
        while (now > most && !atomic_compare_exchange_weak(&out[1], &most, now)) {}
        usleep(1000);
        atomic_fetch_sub(&out[0], 1);
    }
}

static uint32_t most_at_once(uint32_t threads, uint32_t items)
{
    struct mxb_dev *d = open_threads(threads);
    struct mxb_pipe *p = new_pipe(d, meet_kernel, 0, 0);
    struct mxb_buf *b = new_buf(d, 64);
    const struct mxb_step steps[] = { { .kind = MXB_FILL, .bind = { { b, 0, 64 } }, .nbind = 1 },
                                      step(p, b, 64, items, NULL) };
    struct mxb_time time;
    uint32_t out[2];
    assert_int_equal(be->run(d, steps, 2, 1, &time), 0);
    assert_int_equal(be->download(d, b, 0, out, sizeof out), 0);
    assert_int_equal(out[0], 0);
    be->destroy(d, p);
    be->release(d, b);
    be->close(d);
    return out[1];
}

static void test_threads_work_together(void **state)
{
    (void)state;
    assert_int_equal(most_at_once(1, 5), 1);
    assert_true(most_at_once(4, 2) <= 2);            /* two items never occupy more than two threads */
    const uint32_t most = most_at_once(4, 100);      /* items that sleep, so this needs no idle machine */
    assert_true(most >= 2 && most <= 4);
}

/* Notes the processor that computes an item, and that it is the only one of its thread. */
static void processor_kernel(const struct mxb_args *a, int64_t begin, int64_t end)
{
    cpu_set_t own;
    const bool bound = sched_getaffinity(0, sizeof own, &own) == 0 && CPU_COUNT(&own) == 1;
    for (int64_t i = begin; i < end; i++) {
        usleep(1000);
        ((int32_t *)a->buf[0])[i] = bound ? sched_getcpu() : -1;
    }
}

/* As many threads as processors: each thread works on its own one, and the caller is free again behind the run. */
static void test_threads_keep_apart(void **state)
{
    (void)state;
    enum { ITEMS = 64 };
    cpu_set_t before, after;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    const uint32_t cpus = (uint32_t)CPU_COUNT(&before);
    if (cpus < 2) skip();
    struct mxb_dev *d = open_threads(cpus), *fewer = open_threads(cpus - 1 > 1 ? cpus - 1 : 3);
    struct mxb_dev *const devs[] = { d, fewer };
    for (size_t k = 0; k < MXB_COUNT(devs); k++) {
        struct mxb_pipe *p = new_pipe(devs[k], processor_kernel, 0, 0);
        struct mxb_buf *b = new_buf(devs[k], ITEMS * 4);
        const struct mxb_step s = step(p, b, ITEMS * 4, ITEMS, NULL);
        struct mxb_time time;
        int32_t cpu[ITEMS];
        bool others = false;
        assert_int_equal(be->run(devs[k], &s, 1, 1, &time), 0);
        assert_int_equal(be->download(devs[k], b, 0, cpu, sizeof cpu), 0);
        for (size_t i = 0; i < ITEMS; i++) {
            assert_true(k == 0 ? cpu[i] >= 0 && CPU_ISSET((size_t)cpu[i], &before) : cpu[i] == -1);
            others |= cpu[i] != cpu[0];
        }
        if (k == 0) assert_true(others);
        assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
        assert_true(CPU_EQUAL(&before, &after));
        be->destroy(devs[k], p);
        be->release(devs[k], b);
    }
    be->close(fewer);
    be->close(d);
}

struct caller { pthread_t thread; };

/* Items of 1 ms in the calling thread, of 5 ms in the others, so the caller must sleep until they are done. */
static void late_kernel(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const bool caller = pthread_equal(pthread_self(), ((const struct caller *)a->params)->thread);
    for (int64_t i = begin; i < end; i++) {
        usleep(caller ? 1000 : 5000);
        ((uint32_t *)a->buf[0])[i] = 1;
    }
}

static void test_caller_waits(void **state)
{
    (void)state;
    struct mxb_dev *d = open_threads(3);
    struct mxb_pipe *p = new_pipe(d, late_kernel, sizeof(struct caller), 0);
    struct mxb_buf *b = new_buf(d, 64);
    const struct caller me = { pthread_self() };
    const struct mxb_step steps[] = { { .kind = MXB_FILL, .bind = { { b, 0, 64 } }, .nbind = 1 }, step(p, b, 64, 6, &me) };
    struct mxb_time time;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(be->run(d, steps, 2, 1, &time), 0);
        expect(d, b, 0, 6, 1);
    }
    be->destroy(d, p);
    be->release(d, b);
    be->close(d);
}

/* Many jobs of a few items, with pauses in which workers fall asleep: hand-over, withdrawal and waking. */
static void test_many_small_jobs(void **state)
{
    (void)state;
    enum { JOBS = 4000 };
    struct mxb_dev *d = open_threads(3);
    struct mxb_pipe *p = new_pipe(d, add_kernel, sizeof(struct push), 0);
    struct mxb_buf *b = new_buf(d, 64);
    const struct push one = { 1 };
    const struct mxb_step zero = { .kind = MXB_FILL, .bind = { { b, 0, 64 } }, .nbind = 1 }, s = step(p, b, 64, 5, &one);
    struct mxb_time time;
    assert_int_equal(be->run(d, &zero, 1, 1, &time), 0);
    for (int job = 0; job < JOBS; job++) {
        assert_int_equal(be->run(d, &s, 1, 2, &time), 0);
        if (job % 200 == 0) usleep(500);
    }
    expect(d, b, 0, 5, JOBS * 2 * 8);
    be->destroy(d, p);
    be->release(d, b);
    be->close(d);
}

/* IEEE arithmetic: out[item] = bits of 2^-126 / 2, a subnormal. */
static void subnormal_kernel(const struct mxb_args *a, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++) {
        volatile float x = 0x1p-126f;
        const float half = x * 0.5f;
        memcpy((float *)a->buf[0] + i, &half, sizeof half);
    }
}

static void test_subnormals_are_kept(void **state)
{
    (void)state;
    struct mxb_dev *d = open_threads(3);
    struct mxb_pipe *p = new_pipe(d, subnormal_kernel, 0, 0);
    struct mxb_buf *b = new_buf(d, 4000);
    const struct mxb_step s = step(p, b, 4000, 1000, NULL);
    struct mxb_time time;
    assert_int_equal(be->run(d, &s, 1, 1, &time), 0);
    expect(d, b, 0, 1000, 0x00400000);
    be->destroy(d, p);
    be->release(d, b);
    be->close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_buffers),
        cmocka_unit_test(test_every_item_once),
        cmocka_unit_test(test_grid_is_flattened),
        cmocka_unit_test(test_bad_steps),
        cmocka_unit_test(test_scratch_is_private),
        cmocka_unit_test(test_threads_work_together), cmocka_unit_test(test_threads_keep_apart),
        cmocka_unit_test(test_caller_waits),
        cmocka_unit_test(test_many_small_jobs),
        cmocka_unit_test(test_subnormals_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
