/* Tests of the change points: vectors of ruptures and SciPy (scripts/golden/changepoint.py), results by hand, edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/changepoint.h"
#include "harness/mxb_types.h"

enum { MOST = 256 };

static void partitions(void **unused)
{
    (void)unused;
    FILE *f = fopen("tests/golden/changepoint/partition.txt", "r");
    assert_non_null(f);
    size_t n, want, boundary[MOST], at, count = 0;
    double penalty, x[MOST];
    while (fscanf(f, "%zu %lf", &n, &penalty) == 2) {
        assert_in_range(n, 1, MOST);
        for (size_t i = 0; i < n; i++) assert_int_equal(fscanf(f, "%lf", &x[i]), 1);
        assert_int_equal(fscanf(f, "%zu", &want), 1);
        assert_int_equal(changepoint_partition(x, n, penalty, boundary), want);
        for (size_t i = 0; i < want; i++) {
            assert_int_equal(fscanf(f, "%zu", &at), 1);
            assert_int_equal(boundary[i], at);
        }
        count++;
    }
    fclose(f);
    assert_int_equal(count, 7);
}

static void steps(void **unused)
{
    (void)unused;
    FILE *f = fopen("tests/golden/changepoint/steps.txt", "r");
    assert_non_null(f);
    size_t n, want, at, nstep, count = 0;
    double ns[MOST], ratio, p;
    while (fscanf(f, "%zu", &n) == 1) {
        struct step *step;
        assert_in_range(n, 1, MOST);
        for (size_t i = 0; i < n; i++) assert_int_equal(fscanf(f, "%lf", &ns[i]), 1);
        assert_int_equal(fscanf(f, "%zu", &want), 1);
        assert_int_equal(changepoints(ns, n, &step, &nstep), 0);
        assert_int_equal(nstep, want);
        for (size_t i = 0; i < want; i++) {
            assert_int_equal(fscanf(f, "%zu %lf %lf", &at, &ratio, &p), 3);
            assert_int_equal(step[i].at, at);
            assert_true(fabs(step[i].ratio - ratio) < 1e-12);
            assert_true(fabs(step[i].p - p) < 1e-9 * p + 1e-300);
        }
        free(step);
        count++;
    }
    fclose(f);
    assert_int_equal(count, 6);
}

/* 0 0 0 1 1 1: one boundary saves 6/4 = 1.5, two segments of 3 are the least. */
static void by_hand(void **unused)
{
    (void)unused;
    static const double x[] = { 0, 0, 0, 1, 1, 1 };
    size_t at[2];
    assert_int_equal(changepoint_partition(x, 6, 1.49, at), 1);
    assert_int_equal(at[0], 3);
    assert_int_equal(changepoint_partition(x, 6, 1.51, at), 0);
    assert_int_equal(changepoint_partition(x, 5, 0, at), 0);                  /* too short for two segments */
    assert_int_equal(changepoint_partition(x, 0, 0, at), 0);

    static const double d[] = { 0, 0.01, 0, 0.03, 0.01 };                     /* |differences| 1 1 3 2, median 1.5 % */
    assert_true(fabs(changepoint_noise(d, 5) - 1.4826 * 0.015 / sqrt(2)) < 1e-15);
    assert_true(changepoint_noise(x, 3) == 0.002 && changepoint_noise(x, 1) == 0.002);
}

static void short_and_flat(void **unused)
{
    (void)unused;
    static const double flat[12] = { 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5 };
    static const double doubled[12] = { 5, 5, 5, 5, 5, 5, 10, 10, 10, 10, 10, 10 };
    struct step *step;
    size_t n;
    for (size_t k = 0; k <= 12; k++) {
        assert_int_equal(changepoints(flat, k, &step, &n), 0);
        assert_int_equal(n, 0);
        assert_null(step);
    }
    assert_int_equal(changepoints(doubled, 12, &step, &n), 0);                /* no noise at all: the floor stands in */
    assert_int_equal(n, 1);
    assert_int_equal(step->at, 6);
    assert_true(fabs(step->ratio - 2) < 1e-12 && step->p < 1e-6);
    free(step);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(partitions), cmocka_unit_test(steps),
                                        cmocka_unit_test(by_hand), cmocka_unit_test(short_and_flat) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
