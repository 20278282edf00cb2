/* Tests of decide.c and screen.c: the very code that judges, on seeded streams of pairs whose truth is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "harness/decide.h"
#include "harness/screen.h"
#include "harness/stats_tail.h"

static double uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53;
}
static double normal(uint64_t *state)
{
    const double u = uniform(state), v = uniform(state);
    return sqrt(-2 * log(1 - u)) * cos(2 * 3.14159265358979323846 * v);
}

/* One process: log time with a standard deviation, a share of processes that are slow for reasons of their own (an
 * unlucky page placement), and what the machine does to neighbours in time alike. */
struct world { double sd, slow_share, slow_by, slower; };

static double process(const struct world *w, double mood, uint64_t *seed)
{
    return mood + w->sd * normal(seed) + (uniform(seed) < w->slow_share ? log(w->slow_by) : 0);
}

static enum verdict one_case(const struct world *w, uint64_t *seed, uint32_t *pairs, struct effect *e)
{
    double z[AB_MAX_PAIRS], mood = 0;
    enum verdict v = VERDICT_INCONCLUSIVE;
    for (uint32_t n = 0; n < AB_MAX_PAIRS; n++) {
        mood = 0.7 * mood + 0.02 * normal(seed);     /* correlated in time, cancels within a pair */
        const double base = process(w, mood, seed);
        z[n] = process(w, mood, seed) + log1p(w->slower) - base;
        *pairs = n + 1;
        if (ab_decide(z, n + 1, AB_MIN_EFFECT, e, &v)) return v;
    }
    fail_msg("no verdict after %d pairs", AB_MAX_PAIRS);
    return v;
}

struct tally { uint32_t of[VERDICT_COUNT], pairs; };

static struct tally simulate(const struct world *w, uint32_t cases, uint64_t seed)
{
    struct tally t = { { 0 }, 0 };
    for (uint32_t i = 0; i < cases; i++) {
        uint32_t pairs;
        struct effect e;
        t.of[one_case(w, &seed, &pairs, &e)]++;
        t.pairs += pairs;
    }
    return t;
}

static void equal_kernels_raise_no_alarm(void **unused)
{
    (void)unused;
    const struct world worlds[] = {
        { 0.005, 0, 1, 0 }, { 0.02, 0, 1, 0 }, { 0.06, 0, 1, 0 },          /* quiet to loud */
        { 0.01, 0.2, 1.3, 0 }, { 0.01, 0.5, 1.1, 0 },                       /* slow processes; two modes */
    };
    uint32_t alarms = 0, unchanged = 0;
    enum { CASES = 2000 };
    for (size_t i = 0; i < 5; i++) {
        const struct tally t = simulate(&worlds[i], CASES, 11 + i);
        alarms += t.of[VERDICT_REGRESSED];
        if (i == 0) assert_int_equal(t.of[VERDICT_UNCHANGED], CASES);
        if (i == 0) assert_int_equal(t.pairs, 10 * CASES);
        if (i < 2) unchanged += t.of[VERDICT_UNCHANGED];
        assert_int_equal(t.of[VERDICT_IMPROVED] + t.of[VERDICT_REGRESSED] + t.of[VERDICT_UNCHANGED] +
                         t.of[VERDICT_INCONCLUSIVE] + t.of[VERDICT_NOISY], CASES);
    }
    if (binomial_upper(alarms, 5 * CASES, 0.95) > 0.01) fail_msg("%u false alarms in %d", alarms, 5 * CASES);
    if (unchanged < 1.8 * CASES) fail_msg("only %u of %d equal quiet kernels proved unchanged", unchanged, 2 * CASES);
}

static void slowdowns_are_found(void **unused)
{
    (void)unused;
    enum { CASES = 1000 };
    const struct world five = { 0.01, 0, 1, 0.05 }, ten = { 0.03, 0, 1, 0.10 }, three = { 0.002, 0, 1, 0.035 },
                       faster = { 0.01, 0, 1, -0.06 };
    const uint32_t found5 = simulate(&five, CASES, 1).of[VERDICT_REGRESSED],
                   found10 = simulate(&ten, CASES, 2).of[VERDICT_REGRESSED];
    if (found5 < 950) fail_msg("+5 %% found in %u of %d", found5, CASES);
    if (found10 < 990) fail_msg("+10 %% found in %u of %d", found10, CASES);
    assert_int_equal(simulate(&three, CASES, 3).of[VERDICT_REGRESSED], CASES);
    assert_true(simulate(&faster, CASES, 4).of[VERDICT_IMPROVED] >= 950);
    assert_int_equal(simulate(&faster, CASES, 4).of[VERDICT_REGRESSED], 0);
}

/* The threshold: a real change below min_effect is neither a regression nor an improvement. */
static void small_changes_are_not_regressions(void **unused)
{
    (void)unused;
    const struct world two = { 0.01, 0, 1, 0.015 };
    const struct tally t = simulate(&two, 1000, 5);
    if (t.of[VERDICT_REGRESSED] > 5) fail_msg("+1.5 %% called a regression %u times", t.of[VERDICT_REGRESSED]);
}

static void verdict_rules(void **unused)
{
    (void)unused;
    double z[AB_MAX_PAIRS];
    struct effect e;
    enum verdict v = VERDICT_NEW;
    /* +6 % with a spread of half a percent. */
    for (int i = 0; i < AB_MAX_PAIRS; i++) z[i] = log(1.06) + 0.001 * (i % 7 - 3);
    for (uint32_t n = 1; n < 10; n++) assert_false(ab_decide(z, n, 0.03, &e, &v));
    assert_int_equal(v, VERDICT_NEW);
    assert_true(ab_decide(z, 10, 0.03, &e, &v));
    assert_int_equal(v, VERDICT_REGRESSED);
    assert_true(fabs(e.ratio - 1.06) < 0.002 && e.lo > 1.05 && e.hi < 1.07 && e.p_slower == ldexp(1, -10) &&
                e.p_faster == 1);
    /* The same under a larger min_effect: proved within the margin of 10 %. */
    assert_true(ab_decide(z, 10, 0.10, &e, &v));
    assert_int_equal(v, VERDICT_UNCHANGED);
    assert_true(ab_decide(z, 10, 0.05, &e, &v));
    assert_int_equal(v, VERDICT_REGRESSED);

    for (int i = 0; i < AB_MAX_PAIRS; i++) z[i] = -z[i];
    assert_true(ab_decide(z, 10, 0.03, &e, &v));
    assert_int_equal(v, VERDICT_IMPROVED);

    /* Just inside of the margin with an interval that crosses it: looks at 10, 16, 24, then inconclusive. */
    for (int i = 0; i < AB_MAX_PAIRS; i++) z[i] = log(1.027) + 0.02 * sin(2.4 * i + 1);
    assert_false(ab_decide(z, 10, 0.03, &e, &v));
    assert_false(ab_decide(z, 11, 0.03, &e, &v));
    assert_false(ab_decide(z, 16, 0.03, &e, &v));
    assert_true(ab_decide(z, 24, 0.03, &e, &v));
    assert_int_equal(v, VERDICT_INCONCLUSIVE);
    assert_true(e.mde < 0.03);
    /* A spread of 20 % hides everything that matters. */
    for (int i = 0; i < AB_MAX_PAIRS; i++) z[i] = 0.2 * sin(2.4 * i + 1);
    assert_true(ab_decide(z, 24, 0.03, &e, &v));
    assert_int_equal(v, VERDICT_NOISY);
    assert_true(e.mde > 0.03);
    /* Equal readings of a coarse clock. */
    memset(z, 0, sizeof z);
    assert_true(ab_decide(z, 10, 0.03, &e, &v));
    assert_int_equal(v, VERDICT_UNCHANGED);
    assert_true(e.ratio == 1 && e.lo == 1 && e.hi == 1);

    for (int i = 0; i < VERDICT_COUNT; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(verdict_name((enum verdict)i), verdict_name((enum verdict)k));
}

static void mde_says_what_would_be_found(void **unused)
{
    (void)unused;
    uint64_t seed = 9;
    double z[AB_MAX_PAIRS];
    struct effect e;
    for (int i = 0; i < AB_MAX_PAIRS; i++) z[i] = 0.02 * normal(&seed);
    ab_effect(z, AB_MAX_PAIRS, &e);
    assert_true(e.mde > 0.009 && e.mde < 0.018);     /* (2.326 + 0.842) * 0.02 * 1.02 / sqrt(24) = 1.3 % */
}

/* ---- the screen ---- */

static void fill_history(struct screened *c, uint32_t n, double sd, uint64_t *seed)
{
    memset(c, 0, sizeof *c);
    c->n = n;
    for (uint32_t i = 0; i < n; i++) c->before[i] = log(1000) + sd * normal(seed);
    c->now = log(1000) + sd * normal(seed);
}

static void suspects_are_the_slow_ones(void **unused)
{
    (void)unused;
    static struct screened c[200];
    uint64_t seed = 3;
    for (int i = 0; i < 200; i++) fill_history(&c[i], SCREEN_RUNS, 0.01, &seed);
    c[17].now = log(1100);
    c[18].now = log(900);                            /* faster is no suspect */
    c[19].n = SCREEN_MIN_RUNS - 1;
    c[19].now = log(2000);
    assert_int_equal(screen(c, 200), 0);
    assert_true(c[17].suspect && c[17].q < 0.001);
    assert_true(fabs(c[17].ratio - 1.1) < 0.02 && c[17].hi > 1.015 && c[17].hi < 1.03 && c[17].lo < 1);
    assert_false(c[18].suspect || c[19].suspect || c[19].judged);
    int suspects = 0;
    for (int i = 0; i < 200; i++) suspects += c[i].suspect;
    assert_in_range(suspects, 1, 16);                /* ratio >= 1.02 is 1.9 standard deviations: 3 % */
}

/* Five runs that agree by luck must not make the sixth a suspect: the variance of the others counts too. */
static void lucky_histories_are_shrunk(void **unused)
{
    (void)unused;
    static struct screened c[50];
    uint64_t seed = 4;
    for (int i = 0; i < 50; i++) fill_history(&c[i], SCREEN_MIN_RUNS, 0.03, &seed);
    for (int k = 0; k < SCREEN_MIN_RUNS; k++) c[7].before[k] = log(1000) + 1e-3 * k;
    c[7].now = log(1025);
    assert_int_equal(screen(c, 50), 0);
    assert_true(c[7].judged && c[7].p > 0.10 && !c[7].suspect);
    /* Alone it would have been. */
    assert_int_equal(screen(&c[7], 1), 0);
    assert_true(c[7].p < 1e-4 && c[7].suspect);
}

static void variances_have_a_prior(void **unused)
{
    (void)unused;
    /* s2 = 4 chi2(d) / d, all alike: the prior is that, infinitely sure or nearly. */
    enum { M = 400 };
    static double s2[M], d[M];
    uint64_t seed = 5;
    double s02;
    for (int spread = 0; spread < 2; spread++) {
        for (int i = 0; i < M; i++) {
            double sum = 0, chi0 = 0;
            d[i] = i % 2 ? 9 : 6;
            for (int k = 0; k < (int)d[i]; k++) sum += pow(normal(&seed), 2) / d[i];
            for (int k = 0; k < 8; k++) chi0 += pow(normal(&seed), 2) / 8;
            s2[i] = 4 * sum / (spread ? chi0 : 1);   /* spread: s0^2 F(d, 8) */
        }
        const double d0 = variance_prior(s2, d, M, &s02);
        if (spread && !(d0 > 5.5 && d0 < 12)) fail_msg("d0 = %g, drawn with 8", d0);
        if (!spread && !(d0 > 40)) fail_msg("d0 = %g for equal variances", d0);
        if (!(fabs(s02 - 4) < 0.4)) fail_msg("s0^2 = %g, drawn with 4", s02);
    }
    assert_true(variance_prior(s2, d, 1, &s02) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_kernels_raise_no_alarm),
        cmocka_unit_test(slowdowns_are_found),
        cmocka_unit_test(small_changes_are_not_regressions),
        cmocka_unit_test(verdict_rules),
        cmocka_unit_test(mde_says_what_would_be_found),
        cmocka_unit_test(suspects_are_the_slow_ones),
        cmocka_unit_test(lucky_histories_are_shrunk),
        cmocka_unit_test(variances_have_a_prior),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
