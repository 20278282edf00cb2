/* Tests of the ratio of two sets of rounds: by hand, what few rounds can and cannot decide, and how often equal kernels
 * are called different. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "harness/mxb_types.h"
#include "harness/stats_ratio.h"

static struct ratio of(const double *a, size_t na, const double *b, size_t nb)
{
    struct round_figure x[16] = { 0 }, y[16] = { 0 };
    for (size_t i = 0; i < na; i++) x[i].median = a[i];
    for (size_t i = 0; i < nb; i++) y[i].median = b[i];
    return ratio_of(x, na, y, nb);
}

static void near(double got, double want) { assert_true(fabs(got - want) <= 1e-6 * fabs(want)); }

/* Against the formula written out, with t between the quantiles of 4 and of 3 degrees of freedom. */
static void welch_by_hand(void **unused)
{
    (void)unused;
    static const double a[] = { 100, 101, 102 }, b[] = { 106, 108, 107 };
    double ma = 0, mb = 0, va = 0, vb = 0;
    for (int i = 0; i < 3; i++) ma += log(a[i]) / 3, mb += log(b[i]) / 3;
    for (int i = 0; i < 3; i++) va += pow(log(a[i]) - ma, 2) / 2 / 3, vb += pow(log(b[i]) - mb, 2) / 2 / 3;
    const double df = (va + vb) * (va + vb) / (va * va / 2 + vb * vb / 2);
    assert_true(df > 3.9 && df < 4);
    const struct ratio r = of(a, 3, b, 3);
    near(r.value, exp(mb - ma));
    /* t(0.995) is 4.604 with 4 degrees of freedom and 5.841 with 3 */
    const double t = log(r.hi / r.value) / sqrt(va + vb);
    assert_true(t > 4.604 && t < 4.604 + 0.1 * (5.841 - 4.604));
    near(r.value / r.lo, r.hi / r.value);
    assert_int_equal(r.verdict, RATIO_SLOWER);
    const struct ratio back = of(b, 3, a, 3);
    near(back.value, 1 / r.value);
    assert_int_equal(back.verdict, RATIO_FASTER);
}

static void what_rounds_can_decide(void **unused)
{
    (void)unused;
    static const double one[] = { 100 }, ten[] = { 110 };
    const struct ratio r = of(one, 1, ten, 1);
    near(r.value, 1.1);
    assert_int_equal(r.verdict, RATIO_INCONCLUSIVE);         /* one process each says nothing */
    assert_true(r.lo == 0 && isinf(r.hi));

    static const double noisy[] = { 100, 104, 96 }, slower[] = { 106, 110, 101 };
    assert_int_equal(of(noisy, 3, slower, 3).verdict, RATIO_INCONCLUSIVE);
    static const double quiet[] = { 100, 100.2, 99.9 }, same[] = { 100.1, 100, 100.3 },
                        little[] = { 102, 102.1, 101.9 };
    assert_int_equal(of(quiet, 3, same, 3).verdict, RATIO_UNCHANGED);
    assert_int_equal(of(quiet, 3, little, 3).verdict, RATIO_UNCHANGED); /* 2 % for sure is within the margin of 3 % */
    static const double at_margin[] = { 103.05, 103.0, 103.1 };
    const struct ratio edge = of(quiet, 3, at_margin, 3);
    assert_true(edge.lo > 1 && edge.value > 1.029);
    assert_int_equal(edge.verdict, edge.value >= 1.03 ? RATIO_SLOWER : RATIO_INCONCLUSIVE);
    assert_int_equal(of(quiet, 3, quiet, 3).verdict, RATIO_UNCHANGED);
}

/* Rounds that agree by chance, each with a wide interval of its own, prove nothing. */
static void rounds_own_intervals(void **unused)
{
    (void)unused;
    const struct round_figure a[] = { { 100, 80, 125 }, { 100, 80, 125 } },
                              b[] = { { 110, 88, 137.5 }, { 110, 88, 137.5 } };
    const struct ratio r = ratio_of(a, 2, b, 2);
    assert_int_equal(r.verdict, RATIO_INCONCLUSIVE);
    const double half = log(1.25) / 1.959964; /* sd of a round; of the mean of two, and both sides: the same */
    near(log(r.hi / r.value), 2.5758293 * half);
    const struct round_figure c[] = { { 100, 0, 0 }, { 100, 0, 0 } }, d[] = { { 110, 0, 0 }, { 110, 0, 0 } };
    assert_int_equal(ratio_of(c, 2, d, 2).verdict, RATIO_SLOWER);
}

static struct ratio of_pairs(const double *a, const double *b, size_t n)
{
    struct round_figure x[16] = { 0 }, y[16] = { 0 };
    for (size_t i = 0; i < n; i++) x[i].median = a[i], y[i].median = b[i];
    return ratio_of_pairs(x, y, n);
}

/* Rounds that differ by half as much again, in both arms alike: the pairs see 10 %, the two sets see nothing. */
static void pairs_by_hand(void **unused)
{
    (void)unused;
    static const double a[] = { 100, 150, 125 }, b[] = { 110, 166, 137 };
    const double z[] = { log(1.1), log(166.0 / 150), log(137.0 / 125) }, mean = (z[0] + z[1] + z[2]) / 3;
    double var = 0;
    for (int i = 0; i < 3; i++) var += (z[i] - mean) * (z[i] - mean) / 2 / 3;
    const struct ratio r = of_pairs(a, b, 3);
    near(r.value, exp(mean));
    assert_true(fabs(log(r.hi / r.value) / sqrt(var) - 4.302653) < 1e-4);
    near(r.value / r.lo, r.hi / r.value);
    assert_int_equal(r.verdict, RATIO_SLOWER);
    assert_int_equal(of_pairs(b, a, 3).verdict, RATIO_FASTER);
    assert_int_equal(of(a, 3, b, 3).verdict, RATIO_INCONCLUSIVE);
    assert_int_equal(of_pairs(a, a, 3).verdict, RATIO_UNCHANGED);
    const struct ratio one = of_pairs(a, b, 1);
    near(one.value, 1.1);
    assert_true(one.lo == 0 && isinf(one.hi));
    const struct round_figure wide[] = { { 100, 80, 125 }, { 100, 80, 125 } };
    const double half = log(1.25) / 1.959964;        /* of a round; of two, on both sides: the same */
    assert_true(fabs(log(ratio_of_pairs(wide, wide, 2).hi) / (1.959964 * half) - 1) < 1e-6);
}

static double normal(uint64_t seed, uint64_t i) { return mxb_rand_normal(seed, 1, i); }

/* Normal logarithms, 3 rounds against 3: at most 1 % of the intervals miss the truth, and a tenth is found. */
static void coverage(void **unused)
{
    (void)unused;
    enum { TRIALS = 20000 };
    int missed = 0, found = 0, false_alarms = 0;
    for (uint64_t k = 0; k < TRIALS; k++) {
        double a[3], b[3], slow[3];
        for (uint64_t i = 0; i < 3; i++) {
            a[i] = 1e5 * exp(0.005 * normal(1, 6 * k + i));
            b[i] = 1e5 * exp(0.005 * normal(1, 6 * k + 3 + i));
            slow[i] = 1.1 * b[i];
        }
        const struct ratio r = of(a, 3, b, 3);
        missed += r.lo > 1 || r.hi < 1;
        false_alarms += r.verdict == RATIO_SLOWER || r.verdict == RATIO_FASTER;
        found += of(a, 3, slow, 3).verdict == RATIO_SLOWER;
    }
    assert_in_range(missed, TRIALS / 1000, TRIALS * 12 / 1000);
    assert_true(false_alarms <= TRIALS / 1000);
    assert_true(found > TRIALS * 95 / 100);
}

/* Rounds whose level wanders by 30 %: 5 % of the intervals of the pairs miss the truth. */
static void coverage_of_pairs(void **unused)
{
    (void)unused;
    enum { TRIALS = 20000 };
    int missed = 0;
    for (uint64_t k = 0; k < TRIALS; k++) {
        double a[4], b[4];
        for (uint64_t i = 0; i < 4; i++) {
            const double level = 1e5 * exp(0.3 * normal(2, 12 * k + i));
            a[i] = level * exp(0.005 * normal(2, 12 * k + 4 + i));
            b[i] = 1.2 * level * exp(0.005 * normal(2, 12 * k + 8 + i));
        }
        const struct ratio r = of_pairs(a, b, 4);
        missed += r.lo > 1.2 || r.hi < 1.2;
    }
    assert_in_range(missed, TRIALS * 45 / 1000, TRIALS * 55 / 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(pairs_by_hand), cmocka_unit_test(coverage_of_pairs),
                                        cmocka_unit_test(welch_by_hand), cmocka_unit_test(what_rounds_can_decide),
                                        cmocka_unit_test(rounds_own_intervals), cmocka_unit_test(coverage) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
