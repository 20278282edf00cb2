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
#include "harness/stats.h"
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

/* ---- in turns ---- */

/* A machine whose neighbour takes a third of its speed away for a while, now and then: bursts begin at random and last
 * `burst` turns on average.  Each arm of a pair has its own placement as well. */
struct street { double share, burst, slow_by, sd, placement, slower; };
enum { PAIR_TURNS = 20 };

static double turn_time(const struct street *s, bool *busy, uint64_t *seed)
{
    const double end = 1 / s->burst, begin = end * s->share / (1 - s->share);
    if (uniform(seed) < (*busy ? end : begin)) *busy = !*busy;
    return (*busy ? s->slow_by : 1) * exp(s->sd * normal(seed));
}

/* One pair of processes, in turns or one after the other; log(candidate / base). */
static double street_pair(const struct street *s, bool turns, bool *busy, uint64_t *seed)
{
    double ns[2][PAIR_TURNS], place[2];
    const int first = uniform(seed) < 0.5;
    for (int i = 0; i < 2; i++) place[i] = exp(s->placement * normal(seed)) * (i ? 1 + s->slower : 1);
    for (int k = 0; k < 2 * PAIR_TURNS; k++) {
        const int arm = turns ? (k + first) % 2 : (k / PAIR_TURNS + first) % 2;
        ns[arm][turns ? k / 2 : k % PAIR_TURNS] = place[arm] * turn_time(s, busy, seed);
    }
    if (!turns) return log(stats_median(ns[1], PAIR_TURNS) / stats_median(ns[0], PAIR_TURNS));
    return first ? -ab_turns(ns[1], ns[0], PAIR_TURNS) : ab_turns(ns[0], ns[1], PAIR_TURNS);
}

static struct tally walk(const struct street *s, bool turns, uint32_t cases, uint64_t seed)
{
    struct tally t = { { 0 }, 0 };
    for (uint32_t i = 0; i < cases; i++) {
        double z[AB_MAX_PAIRS];
        enum verdict v = VERDICT_INCONCLUSIVE;
        struct effect e;
        uint32_t n = 0;
        bool busy = false, done = false;
        while (!done) {
            z[n] = street_pair(s, turns, &busy, &seed);
            n++;
            done = ab_decide(z, n, AB_MIN_EFFECT, &e, &v);
        }
        t.of[v]++;
        t.pairs += n;
    }
    return t;
}

/* A fifth of the time a neighbour is at work, for tens of turns on end: processes one after the other cannot be told
 * apart any more, those in turns can. */
static void turns_see_through_bursts(void **unused)
{
    (void)unused;
    enum { CASES = 500 };
    const struct street street[] = {
        { 0.2, 30, 1.4, 0.01, 0.005, 0 }, { 0.2, 5, 1.4, 0.01, 0.005, 0 }, { 0.4, 60, 1.6, 0.02, 0.005, 0 } };
    uint32_t alarms = 0;
    for (size_t i = 0; i < sizeof street / sizeof *street; i++) {
        struct street five = street[i];
        five.slower = 0.05;
        const struct tally equal = walk(&street[i], true, CASES, 21 + i), slow = walk(&five, true, CASES, 31 + i);
        alarms += equal.of[VERDICT_REGRESSED];
        if (equal.of[VERDICT_UNCHANGED] < 0.98 * CASES)
            fail_msg("street %zu: only %u of %d equal kernels proved unchanged", i, equal.of[VERDICT_UNCHANGED], CASES);
        if (slow.of[VERDICT_REGRESSED] < 0.98 * CASES)
            fail_msg("street %zu: +5 %% found in %u of %d", i, slow.of[VERDICT_REGRESSED], CASES);
        if (equal.pairs > 11 * CASES) fail_msg("street %zu: %g pairs", i, (double)equal.pairs / CASES);
    }
    if (binomial_upper(alarms, 3 * CASES, 0.95) > 0.01) fail_msg("%u false alarms in %d", alarms, 3 * CASES);
    /* What it is good for. */
    struct street five = street[1];
    five.slower = 0.05;
    assert_true(walk(&street[1], false, CASES, 21).of[VERDICT_UNCHANGED] < 0.8 * CASES);
    assert_true(walk(&five, false, CASES, 31).of[VERDICT_REGRESSED] < 0.8 * CASES);
}

/* Placement is drawn once per process: turns cannot remove it, and must not hide it from the interval. */
static void processes_stay_the_sample(void **unused)
{
    (void)unused;
    const struct street apart = { 0, 1, 1, 0.001, 0.06, 0 };
    const struct tally t = walk(&apart, true, 500, 41);
    assert_true(t.of[VERDICT_REGRESSED] <= 3);
    assert_true(t.of[VERDICT_NOISY] + t.of[VERDICT_INCONCLUSIVE] > 250);
}

static void turns_are_held_against_their_neighbours(void **unused)
{
    (void)unused;
    double first[PAIR_TURNS], second[PAIR_TURNS];
    /* +10 %, while everything gets slower by 1 % from turn to turn. */
    for (int i = 0; i < PAIR_TURNS; i++) {
        first[i] = 1000 * pow(1.01, 2 * i);
        second[i] = 1100 * pow(1.01, 2 * i + 1);
    }
    assert_true(fabs(ab_turns(first, second, PAIR_TURNS) - log(1.10)) < 1e-12);
    /* The same machine all the time, but for a burst over nine turns of one and eight of the other. */
    for (int i = 0; i < PAIR_TURNS; i++) {
        first[i] = i >= 3 && i < 12 ? 1600 : 1000;
        second[i] = i >= 3 && i < 11 ? 1100 * 1.6 : 1100;
    }
    assert_true(fabs(ab_turns(first, second, PAIR_TURNS) - log(1.10)) < 1e-12);
    assert_true(fabs(ab_turns(first, second, 1) - log(1.10)) < 1e-12);
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
        cmocka_unit_test(turns_see_through_bursts),
        cmocka_unit_test(processes_stay_the_sample),
        cmocka_unit_test(turns_are_held_against_their_neighbours),
        cmocka_unit_test(verdict_rules),
        cmocka_unit_test(mde_says_what_would_be_found),
        cmocka_unit_test(suspects_are_the_slow_ones),
        cmocka_unit_test(lucky_histories_are_shrunk),
        cmocka_unit_test(variances_have_a_prior),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
