/* Tests of stats_tail.c, stats_rank.c and of Benjamini-Hochberg in screen.c against tests/golden/stats, which
 * scripts/golden/stats.py writes with SciPy and from definitions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/screen.h"
#include "harness/stats_rank.h"
#include "harness/stats_tail.h"

enum { MAX_NUMBERS = 64 };
struct vector { char what[32]; double x[MAX_NUMBERS], want[MAX_NUMBERS]; int nx, nwant; };

static int read_numbers(FILE *f, double *x)
{
    int n = 0;
    assert_int_equal(fscanf(f, "%d", &n), 1);
    assert_in_range(n, 1, MAX_NUMBERS);
    for (int i = 0; i < n; i++) assert_int_equal(fscanf(f, "%lf", &x[i]), 1);
    return n;
}

static bool next(FILE *f, struct vector *v)
{
    if (fscanf(f, "%31s", v->what) != 1) return false;
    v->nx = read_numbers(f, v->x);
    v->nwant = read_numbers(f, v->want);
    return true;
}

/* Relative, or absolute below 1e-300 where the vectors themselves have underflowed. */
static void near(const struct vector *v, double got, double want, double tolerance)
{
    if (got == want || fabs(got - want) <= tolerance * fabs(want) + 1e-300) return;
    fail_msg("%s(%g, %g, %g ...) = %.17g, want %.17g", v->what, v->x[0], v->x[1], v->x[2], got, want);
}

static int each_vector(const char *file, void (*check)(const struct vector *))
{
    char path[256];
    struct vector v = { 0 };
    int n = 0;
    snprintf(path, sizeof path, "tests/golden/stats/%s.txt", file);
    FILE *f = fopen(path, "r");
    if (!f) fail_msg("cannot open %s", path);
    for (; next(f, &v); n++) check(&v);
    fclose(f);
    return n;
}

static void check_tail(const struct vector *v)
{
    const double *x = v->x;
    double got = NAN;
#define IS(name) (strcmp(v->what, name) == 0)
    if (IS("normal_sf")) got = normal_sf(x[0]);
    if (IS("normal_quantile")) got = normal_quantile(x[0]);
    if (IS("beta_cdf")) got = beta_cdf(x[0], x[1], x[2]);
    if (IS("beta_quantile")) got = beta_quantile(x[0], x[1], x[2]);
    if (IS("student_sf")) got = student_sf(x[0], x[1]);
    if (IS("student_quantile")) got = student_quantile(x[0], x[1]);
    if (IS("digamma")) got = digamma(x[0]);
    if (IS("trigamma")) got = trigamma(x[0]);
    if (IS("trigamma_inverse")) got = trigamma_inverse(x[0]);
    if (IS("binomial_lower")) got = binomial_lower((uint64_t)x[0], (uint64_t)x[1], x[2]);
    if (IS("binomial_upper")) got = binomial_upper((uint64_t)x[0], (uint64_t)x[1], x[2]);
    /* A quantile of 0.5 is 0 but for the last bits. */
    if (fabs(v->want[0]) < 1e-12 && fabs(got) < 1e-12) return;
    near(v, got, v->want[0], 1e-9);
}

static void tails_and_quantiles(void **unused)
{
    (void)unused;
    assert_true(each_vector("tails", check_tail) > 300);
}

static void check_rank(const struct vector *v)
{
    assert_string_equal(v->what, "signed_rank_p");
    near(v, signed_rank_p(v->x, (size_t)v->nx), v->want[0], 1e-12);
}

static void check_shift(const struct vector *v)
{
    if (strcmp(v->what, "signed_rank_p") == 0) {
        check_rank(v);
        return;
    }
    assert_string_equal(v->what, "hodges_lehmann");
    const int n = v->nx - 1;                         /* the last is the level */
    const struct shift s = hodges_lehmann(v->x, (size_t)n, v->x[n]);
    near(v, s.estimate, v->want[0], 1e-12);
    near(v, s.lo, v->want[1], 1e-12);
    near(v, s.hi, v->want[2], 1e-12);
}

static void signed_ranks(void **unused)
{
    (void)unused;
    assert_int_equal(each_vector("ranks", check_rank), 40);
    const double zero[] = { 0, 0, 0 }, mixed[] = { 0, 1, 0, 2 };
    assert_true(signed_rank_p(zero, 3) == 1 && signed_rank_p(NULL, 0) == 1);
    assert_true(signed_rank_p(mixed, 4) == 0.25);    /* zeros are dropped */
}

static void hodges_lehmann_intervals(void **unused)
{
    (void)unused;
    assert_int_equal(each_vector("shifts", check_shift), 16);
}

static void check_many(const struct vector *v)
{
    double q[MAX_NUMBERS];
    assert_string_equal(v->what, "benjamini_hochberg");
    assert_int_equal(benjamini_hochberg(v->x, (uint32_t)v->nx, q), 0);
    for (int i = 0; i < v->nx; i++) near(v, q[i], v->want[i], 1e-12);
}

static void many_tests_at_once(void **unused)
{
    (void)unused;
    assert_int_equal(each_vector("many", check_many), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tails_and_quantiles),
        cmocka_unit_test(signed_ranks),
        cmocka_unit_test(hodges_lehmann_intervals),
        cmocka_unit_test(many_tests_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
