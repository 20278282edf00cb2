/* Tests of harness/stats.c: small series worked by hand, reference figures of numpy 2.4 and scipy 1.17, and the
 * properties that the intervals promise, on seeded pseudo-random series. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/stats.h"

static const double PI = 3.14159265358979323846;

/* 64-bit linear congruential generator with Knuth's MMIX constants, upper 53 bits: easy to write again elsewhere. */
static double uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53;
}

static double normal(uint64_t *state)
{
    const double u = uniform(state), v = uniform(state);
    return sqrt(-2 * log(1 - u)) * cos(2 * PI * v);
}

#define near(got, want, tol) assert_near((got), (want), (tol), #got, __LINE__)
static void assert_near(double got, double want, double tol, const char *what, int line)
{
    if (!(fabs(got - want) <= tol)) fail_msg("line %d: %s = %.12g, want %.12g", line, what, got, want);
}

static struct summary summary_of(const double *x, size_t n)
{
    struct summary s;
    assert_int_equal(summarize(x, n, &s), 0);
    return s;
}

/* numpy.quantile (linear), mean, std(ddof=1), scipy.stats.median_abs_deviation and theilslopes. */
static void known_series(void **unused)
{
    (void)unused;
    static const double x[] = { 103.5, 101.25, 108, 99.5, 102, 100.75, 131, 104.5, 100.25, 106, 98.75, 105.25 };
    const struct summary s = summary_of(x, 12);
    assert_int_equal(s.n, 12);
    near(s.min, 98.75, 0);
    near(s.q1, 100.625, 1e-12);
    near(s.median, 102.75, 1e-12);
    near(s.q3, 105.4375, 1e-12);
    near(s.p99, 128.47, 1e-12);
    near(s.max, 131, 0);
    near(s.mean, 105.0625, 1e-12);
    near(s.sd, 8.641946461091022, 1e-12);
    near(s.mad, 2.5, 1e-12);
    near(s.drift_pct, -1.24261383385471, 1e-11);
    near(s.rho1, 0, 0);          /* products of neighbouring signs sum to -5: negative correlation counts as none */
    near(s.neff, 12, 0);
    /* ranks 6 -+ 0.98 sqrt(12) = 2.6, 9.4: outwards 2 and 11 */
    near(s.ci_lo, 99.5, 0);
    near(s.ci_hi, 108, 0);
}

static void tiny_series(void **unused)
{
    (void)unused;
    const double one[] = { 7 };
    struct summary s = summary_of(one, 1);
    near(s.min + s.q1 + s.median + s.q3 + s.p99 + s.max + s.mean, 49, 0);
    near(s.sd + s.mad + s.rho1 + s.drift_pct, 0, 0);
    near(s.ci_lo, 7, 0);
    near(s.ci_hi, 7, 0);
    near(s.neff, 1, 0);

    const double two[] = { 10, 20 };
    s = summary_of(two, 2);
    near(s.median, 15, 0);
    near(s.sd, sqrt(50), 1e-12);
    near(s.mad, 5, 0);
    near(s.ci_lo, 10, 0);
    near(s.ci_hi, 20, 0);
    near(s.drift_pct, 100 * 10.0 / 15, 1e-12);

    const double same[] = { 5, 5, 5, 5, 5 };
    s = summary_of(same, 5);
    near(s.sd + s.mad + s.rho1 + s.drift_pct, 0, 0);
    near(s.ci_hi - s.ci_lo, 0, 0);
    near(s.neff, 5, 0);

    const double zero[] = { 0, 0, 0 };
    s = summary_of(zero, 3);
    near(s.drift_pct, 0, 0);
}

/* 1..8 in order: median 4.5, signs ----++++, products +1 +1 +1 -1 +1 +1 +1, mean 5/7. */
static void correlation_and_effective_size(void **unused)
{
    (void)unused;
    const double x[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    const struct summary s = summary_of(x, 8);
    const double rho = sin(PI / 2 * 5 / 7);
    near(s.rho1, rho, 1e-12);
    near(s.neff, fmax(1, 8 * (1 - rho) / (1 + rho)), 1e-12);
    near(s.drift_pct, 100 * 7 / 4.5, 1e-12);
    near(s.ci_lo, 1, 0);         /* one effective sample: the whole range */
    near(s.ci_hi, 8, 0);

    /* AR(1) with coefficient 0.6: the sign correlation estimates 0.6. */
    double y[4000], v = 0;
    uint64_t seed = 3;
    for (size_t i = 0; i < 4000; i++) y[i] = 100 + (v = 0.6 * v + normal(&seed));
    near(summary_of(y, 4000).rho1, 0.6, 0.05);
    near(summary_of(y, 4000).neff, 1000, 150);
}

static void medians(void **unused)
{
    (void)unused;
    const double odd[] = { 3, 1, 2 }, even[] = { 4, 1, 3, 2 };
    near(stats_median(odd, 3), 2, 0);
    near(stats_median(even, 4), 2.5, 0);
    near(odd[0], 3, 0);
    /* Permutations of 0..n-1 (i*stride mod n, stride coprime to n), around the stack limit of 4096 and above. */
    static const size_t sizes[] = { 1, 2, 5, 97, 4095, 4096, 4097, 9999 };
    static double x[9999];
    for (size_t k = 0; k < 8; k++) {
        const size_t n = sizes[k];
        for (size_t i = 0; i < n; i++) x[i] = (double)(i * 7919 % n);
        near(stats_median(x, n), 0.5 * (double)(n - 1), 0);
        for (size_t i = 0; i < n; i++) x[i] = (double)(i % 2);
        near(stats_median(x, n), n % 2 ? 0 : 0.5, 0);
    }
}

/* scipy.stats.theilslopes on the same series: all pairs at n = 100; at n = 1000 our subset of lags stays close. */
static void drift(void **unused)
{
    (void)unused;
    double x[1000];
    uint64_t seed = 7;
    for (size_t i = 0; i < 100; i++) x[i] = 1000 + 20 * uniform(&seed) + 0.3 * (double)i;
    struct summary s = summary_of(x, 100);
    near(s.drift_pct, 2.884840508522241, 1e-9);
    near(s.median, 1024.991893447627, 1e-9);

    seed = 7;
    for (size_t i = 0; i < 1000; i++) x[i] = 1000 + 50 * uniform(&seed) + 0.02 * (double)i;
    s = summary_of(x, 1000);
    near(s.drift_pct, 2.005515888534893, 0.05);
    near(s.p99, 1065.307937137664, 1e-9);
    near(s.sd, 15.475867816505541, 1e-9);

    for (size_t i = 0; i < 1000; i++) x[i] = 500 + (double)i;          /* exact line: the subset loses nothing */
    near(summary_of(x, 1000).drift_pct, 100 * 999 / 999.5, 1e-9);
    for (size_t i = 0; i < 250; i++) x[i] = 100 + (i % 5 == 0 ? 900 : 0);   /* a fifth are outliers */
    near(summary_of(x, 250).drift_pct, 0, 1e-9);
}

/* Share of 2000 series whose interval holds the true median 100. */
static double coverage(size_t n, double ar, uint64_t seed)
{
    double x[200];
    int covered = 0;
    for (int k = 0; k < 2000; k++) {
        double v = normal(&seed) / sqrt(1 - ar * ar);
        for (size_t i = 0; i < n; i++) {
            x[i] = 100 + v;
            v = ar * v + normal(&seed);
        }
        const struct summary s = summary_of(x, n);
        covered += s.ci_lo <= 100 && 100 <= s.ci_hi;
    }
    return covered / 2000.0;
}

static void interval_covers_the_median(void **unused)
{
    (void)unused;
    const double small = coverage(20, 0, 1), large = coverage(100, 0, 2), dependent = coverage(200, 0.5, 3);
    if (small < 0.95 || large < 0.95) fail_msg("coverage %.3f and %.3f, promised 0.95", small, large);
    if (small > 0.995 || large > 0.985) fail_msg("coverage %.3f and %.3f: far too wide", small, large);
    /* The effective sample size is itself estimated, which costs a little. */
    if (dependent < 0.92 || dependent > 0.985) fail_msg("coverage %.3f under correlation 0.5", dependent);
}

static bool bimodal(double (*draw)(uint64_t *), size_t n, uint64_t seed)
{
    double x[1000];
    for (size_t i = 0; i < n; i++) x[i] = draw(&seed);
    return stats_bimodal(x, n);
}
static double draw_normal(uint64_t *s) { return 100 + 5 * normal(s); }
static double draw_uniform(uint64_t *s) { return 100 + 50 * uniform(s); }
static double draw_skewed(uint64_t *s) { return 100 - 20 * log(1 - uniform(s)); }
static double draw_sine(uint64_t *s) { return 100 + 10 * cos(2 * PI * uniform(s)); }
static double draw_two(uint64_t *s) { return (uniform(s) < 0.3 ? 110 : 100) + normal(s); }
static double draw_two_ticks(uint64_t *s) { return uniform(s) < 0.5 ? 100 : 100.5; }
static double draw_rare(uint64_t *s) { return (uniform(s) < 0.02 ? 300 : 100) + normal(s); }

static void two_clusters(void **unused)
{
    (void)unused;
    double (*const one[])(
        uint64_t *) = { draw_normal, draw_uniform, draw_skewed, draw_sine, draw_two_ticks, draw_rare };
    static const size_t sizes[] = { 30, 100, 1000 };
    int wrong = 0, missed = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        for (size_t i = 0; i < 3; i++) {
            for (size_t k = 0; k < sizeof one / sizeof one[0]; k++) wrong += bimodal(one[k], sizes[i], seed);
            missed += i > 0 && !bimodal(draw_two, sizes[i], seed);
        }
    }
    assert_int_equal(wrong, 0);
    assert_int_equal(missed, 0);
    assert_false(bimodal(draw_two, 19, 1));          /* too few to tell */
}

static struct summary round_of(double median, double lo, double hi)
{
    return (struct summary){ .median = median, .ci_lo = lo, .ci_hi = hi };
}

static void rounds(void **unused)
{
    (void)unused;
    struct round_summary c;
    combine_rounds(NULL, 0, &c);
    near(c.median + c.ci_lo + c.ci_hi, 0, 0);

    const struct summary r[] = { round_of(100, 99.9, 100.1), round_of(103, 102.9, 103.1), round_of(98, 97.9, 98.1) };
    combine_rounds(r, 1, &c);
    near(c.median, 100, 0);
    near(c.ci_lo, 99.9, 0);
    near(c.ci_hi, 100.1, 0);
    combine_rounds(r, 2, &c);
    near(c.median, 101.5, 0);
    near(c.ci_lo, 99.9, 0);
    near(c.ci_hi, 103.1, 0);
    /* numpy: exp(mean(log m) -+ t.ppf(.975, 2) * std(log m, ddof=1) / sqrt 3); t in the table has four decimals */
    combine_rounds(r, 3, &c);
    near(c.median, 100, 0);
    near(c.ci_lo, 94.26581129353926, 1e-4);
    near(c.ci_hi, 106.74674899348615, 1e-4);

    /* Medians that agree by luck: the pooled interval remains, 2 % of each over sqrt 4. */
    const struct summary lucky[] = { round_of(100, 98, 102), round_of(100, 98, 102), round_of(100, 98, 102),
                                     round_of(100, 98, 102) };
    combine_rounds(lucky, 4, &c);
    near(c.ci_lo, 100 * sqrt(0.98), 1e-9);
    near(c.ci_hi, 100 * sqrt(1.02), 1e-9);

    /* Skewed medians of many rounds: the interval always holds the quoted median. */
    struct summary many[40];
    for (int i = 0; i < 40; i++) many[i] = i < 21 ? round_of(100, 100, 100) : round_of(1000, 1000, 1000);
    combine_rounds(many, 40, &c);
    near(c.median, 100, 0);
    assert_true(c.ci_lo <= 100 && c.ci_hi > 100);

    /* A clock that reads zero must not become a NaN. */
    const struct summary zero[] = { round_of(0, 0, 0), round_of(0, 0, 0), round_of(1, 0, 1) };
    combine_rounds(zero, 3, &c);
    near(c.median, 0, 0);
    near(c.ci_hi, 1, 0);
}

/* 25 rounds whose logs have mean log 100 and standard deviation 0.01: half width t(24) 0.01 / 5, t from scipy. */
static void rounds_beyond_the_t_table(void **unused)
{
    (void)unused;
    struct summary r[25];
    const double step = 0.01;        /* 24 of 25 deviate by it: variance step^2 * 24 / (25 - 1) */
    for (int i = 0; i < 25; i++) {
        const double m = 100 * exp(i == 24 ? 0 : i % 2 ? step : -step);
        r[i] = round_of(m, m, m);
    }
    struct round_summary c;
    combine_rounds(r, 25, &c);
    near(c.median, 100, 1e-9);
    near(log(c.ci_hi / 100), 2.0638985616280245 * 0.01 / 5, 1e-6);
    near(log(c.ci_lo / 100), -2.0638985616280245 * 0.01 / 5, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_series),
        cmocka_unit_test(tiny_series),
        cmocka_unit_test(correlation_and_effective_size),
        cmocka_unit_test(medians),
        cmocka_unit_test(drift),
        cmocka_unit_test(interval_covers_the_median),
        cmocka_unit_test(two_clusters),
        cmocka_unit_test(rounds),
        cmocka_unit_test(rounds_beyond_the_t_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
