/* The oracle's driver: values, thread counts, samples, and refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/parallel.h"
#include "harness/problem.h"
#include "tests/unit/toy_op.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char err[MXB_ERRLEN];
static const struct item_set no_items;

struct inputs { struct mxb_problem pr; void *stored[MXB_MAX_BIND]; };

static struct inputs make(int entry, const struct toy_params *p)
{
    struct inputs in = { 0 };
    if (problem_init(&in.pr, &toy_op, &toy_entry[entry], p, 7, MXB_FILL_NORMAL, err, sizeof err) != 0)
        fail_msg("%s", err);
    for (uint32_t t = 0; t < TOY_NTENSOR; t++)
        if (problem_reads(&in.pr, t)) {
            in.stored[t] = malloc(problem_bytes(&in.pr, t));
            assert_non_null(in.stored[t]);
            problem_fill(&in.pr, t, in.stored, NULL, in.stored[t]);
        }
    return in;
}

static void drop(struct inputs *in)
{
    for (uint32_t t = 0; t < MXB_MAX_BIND; t++)
        free(in->stored[t]);
}

static struct oracle run(const struct inputs *in, const struct item_set *set, uint32_t threads)
{
    struct oracle o;
    if (oracle_run(&in->pr, in->stored, set, threads, &o, err, sizeof err) != 0)
        fail_msg("%s", err);
    return o;
}

static void test_values(void **state)
{
    (void)state;
    const struct toy_params p = { 6, 5, 1, 0.05f, 0, 0 };
    struct inputs in = make(1, &p);
    struct item_set set = no_items;
    assert_int_equal(item_set_make(&in.pr, 0, &set, err, sizeof err), 0);
    struct oracle o = run(&in, &set, 1);
    assert_non_null(o.t[TOY_Y].p);
    assert_non_null(o.t[TOY_Y].x);
    assert_null(o.t[TOY_COUNT].p);   /* exact tensors have no error scale */
    assert_null(o.t[TOY_A].p);
    assert_null(o.t[TOY_PACKED].v);  /* per tile: not the oracle's business */
    for (uint64_t r = 0; r < 6; r++) {
        double sum = 0;
        for (uint64_t k = 0; k < 5; k++)
            sum += mxb_load(MXB_F16, in.stored[TOY_A], r * 5 + k) * mxb_load(MXB_F16, in.stored[TOY_B], k);
        assert_true(o.t[TOY_Y].v[r] == (double)0.05f * sum + mxb_load(MXB_F32, in.stored[TOY_BIAS], r));
        assert_true(o.t[TOY_STATE].v[r] == mxb_load(MXB_F32, in.stored[TOY_STATE], r) + 1);
        assert_true(o.t[TOY_COUNT].v[2 * r] == (double)r);
    }
    oracle_free(&o);
    assert_null(o.t[TOY_Y].v);
    oracle_free(&o);
    oracle_free(NULL);
    drop(&in);
}

static void test_threads(void **state)
{
    (void)state;
    const struct toy_params p = { 3000, 33, 0, 0.1f, 0, 0 };
    static const uint32_t threads[] = { 2, 5, 64, 0 };
    struct inputs in = make(2, &p);
    struct item_set set;
    assert_int_equal(item_set_make(&in.pr, 0, &set, err, sizeof err), 0);
    struct oracle one = run(&in, &set, 1);
    for (size_t i = 0; i < MXB_COUNT(threads); i++) {
        struct oracle many = run(&in, &set, threads[i]);
        for (uint32_t t = TOY_Y; t <= TOY_STATE; t++)
            assert_memory_equal(one.t[t].v, many.t[t].v, in.pr.nelem[t] * sizeof(double));
        assert_memory_equal(one.t[TOY_Y].p, many.t[TOY_Y].p, in.pr.nelem[TOY_Y] * sizeof(double));
        oracle_free(&many);
    }
    oracle_free(&one);
    drop(&in);
}

/* A sample computes its items, and nothing else. */
static void test_sampled(void **state)
{
    (void)state;
    const struct toy_params p = { 500, 9, 0, 0.1f, 0, 0 };
    struct inputs in = make(0, &p);
    struct item_set all, some;
    assert_int_equal(item_set_make(&in.pr, 0, &all, err, sizeof err), 0);
    assert_int_equal(item_set_make(&in.pr, 31, &some, err, sizeof err), 0);
    struct oracle whole = run(&in, &all, 2), part = run(&in, &some, 2);
    uint64_t next = 0;
    for (int64_t r = 0; r < 500; r++) {
        const bool picked = next < some.npick && some.pick[next] == r;
        next += picked;
        assert_true(part.t[TOY_Y].v[r] == (picked ? whole.t[TOY_Y].v[r] : 0));
        assert_true(part.t[TOY_COUNT].v[2 * r + 1] == (picked ? whole.t[TOY_COUNT].v[2 * r + 1] : 0));
        assert_true(whole.t[TOY_Y].v[r] != 0);
    }
    assert_int_equal(next, 31);
    oracle_free(&whole);
    oracle_free(&part);
    item_set_free(&some);
    drop(&in);
}

/* More memory than the machine has is refused, not tried. */
static void test_memory(void **state)
{
    (void)state;
    /* 95 % of the memory: an allocation would succeed, its use would not */
    const double bytes = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    const struct toy_params p = { (uint32_t)(0.95 * bytes / 8e5) & ~1u, 100000, 0, 0.1f, 0, 0 };
    struct mxb_problem pr;
    struct item_set set;
    struct oracle o;
    void *stored[MXB_MAX_BIND] = { 0 };
    assert_int_equal(problem_init(&pr, &toy_op, &toy_entry[0], &p, 7, MXB_FILL_NORMAL, err, sizeof err), 0);
    assert_int_equal(item_set_make(&pr, 3, &set, err, sizeof err), 0);
    assert_int_equal(oracle_run(&pr, stored, &set, 1, &o, err, sizeof err), MXB_ENOMEM);
    assert_non_null(strstr(err, "GiB"));
    assert_null(o.t[TOY_A].v);
    item_set_free(&set);
}

struct visits { _Atomic uint32_t count[1000]; _Atomic uint32_t calls; };

static void visit(void *ctx, uint64_t begin, uint64_t end)
{
    struct visits *v = ctx;
    v->calls++;
    for (uint64_t i = begin; i < end; i++)
        v->count[i]++;
}

static void test_parallel_for(void **state)
{
    (void)state;
    static const uint64_t sizes[] = { 0, 1, 7, 8, 999, 1000 }, chunks[] = { 1, 8, 1000, 5000 };
    for (size_t s = 0; s < MXB_COUNT(sizes); s++)
        for (size_t c = 0; c < MXB_COUNT(chunks); c++)
            for (uint32_t threads = 0; threads < 4; threads++) {
                struct visits v = { 0 };
                parallel_for(sizes[s], chunks[c], threads, visit, &v);
                assert_int_equal(v.calls, (sizes[s] + chunks[c] - 1) / chunks[c]);
                for (uint64_t i = 0; i < 1000; i++)
                    assert_int_equal(v.count[i], i < sizes[s]);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_threads), cmocka_unit_test(test_sampled),
        cmocka_unit_test(test_memory), cmocka_unit_test(test_parallel_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
