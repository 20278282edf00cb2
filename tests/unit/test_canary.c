/* Tests of harness/canary.c: what flags a round, and that the canary runs on the cpu backend and does its work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "harness/canary.h"
#include "harness/devices.h"

static char err[MXB_ERRLEN];

static uint32_t judged(double before, double after, double *best)
{
    static struct measurement m;
    memset(&m, 0, sizeof m);
    m.noise = NOISE_DRIFT;
    m.canary_ns[0] = before;
    m.canary_ns[1] = after;
    canary_judge(&m, best);
    assert_true(m.noise & NOISE_DRIFT);
    return m.noise & NOISE_THROTTLED;
}

static void slower_than_the_best_is_throttled(void **unused)
{
    (void)unused;
    double best = 0;
    assert_false(judged(1000, 1040, &best));
    assert_true(best == 1000);
    assert_true(judged(1000, 1051, &best));          /* it slowed down during the round */
    assert_true(judged(1051, 1000, &best));          /* it was slow before */
    assert_true(judged(1100, 1100, &best));          /* all the time */
    assert_true(best == 1000);
    assert_false(judged(900, 940, &best));           /* the best improves */
    assert_true(best == 900);
    assert_true(judged(1000, 1000, &best));
    assert_false(judged(0, 0, &best));               /* no canary */
    assert_true(best == 900);
}

static void it_runs_on_the_cpu(void **unused)
{
    (void)unused;
    const struct mxb_backend *cpu = linked_backends[BACKEND_CPU];
    struct arena a;
    struct exec *x;
    struct canary c;
    double ns = -1;
    assert_int_equal(arena_new(&a), 0);
    assert_int_equal(exec_open(cpu, 0, &(struct mxb_open_opts){ .threads = 1 }, NULL, &x, err, sizeof err), 0);
    canary_make(&a, cpu->lang, exec_caps(x), &c);
    assert_non_null(c.plan);
    if (canary_time(x, &c, &ns, err, sizeof err)) fail_msg("%s", err);
    assert_true(ns > 0);
    /* What it left behind is the whole chain: the last of 4096 elements after 1024 steps. */
    const uint32_t *in = c.stored[0];
    static uint32_t out[4096];
    void *const want[MXB_MAX_BIND] = { [1] = out };
    assert_int_equal(exec_fetch(x, c.stored, want, true, err, sizeof err), 0);
    uint32_t v = in[4095];
    for (int i = 0; i < 1024; i++) v = v * 1664525u + 1013904223u;
    assert_int_equal(out[4095], v);
    exec_close(x);

    struct mxb_caps nothing = { 0 };                 /* a device that can run no kernel has no canary */
    canary_make(&a, "no such language", &nothing, &c);
    assert_null(c.plan);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slower_than_the_best_is_throttled),
        cmocka_unit_test(it_runs_on_the_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
