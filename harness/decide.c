/* The rule of the interleaved A/B comparison (decide.h). */
#include "harness/decide.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#include "harness/measure.h"
#include "harness/mxb_types.h"
#include "harness/stats_rank.h"
#include "harness/stats_tail.h"

static const uint32_t look[] = { 10, 16, AB_MAX_PAIRS };
static const double ALPHA = 0.01, LEVEL = 0.95;

const char *verdict_name(enum verdict v)
{
    static const char *const name[VERDICT_COUNT] = {
        "regressed", "improved",      "unchanged",     "inconclusive", "noisy",   "new",
        "missing",   "newly failing", "still failing", "fixed",        "skipped", "not comparable",
    };
    return name[v];
}

/* Standard deviation by way of the median absolute deviation would see nothing of a bimodal arm: the plain one. */
static double deviation(const double *z, uint32_t n)
{
    double mean = 0, squares = 0;
    for (uint32_t i = 0; i < n; i++) mean += z[i] / n;
    for (uint32_t i = 0; i < n; i++) squares += (z[i] - mean) * (z[i] - mean);
    return n > 1 ? sqrt(squares / (n - 1)) : 0;
}

void ab_effect(const double *z, uint32_t n, struct effect *e)
{
    double mirrored[AB_MAX_PAIRS];
    const struct shift s = hodges_lehmann(z, n, LEVEL);
    for (uint32_t i = 0; i < n; i++) mirrored[i] = -z[i];
    *e = (struct effect){ .ratio = exp(s.estimate), .lo = exp(s.lo), .hi = exp(s.hi), .p_slower = signed_rank_p(z, n),
                          .p_faster = signed_rank_p(mirrored, n) };
    /* Normal theory at the level of one test, the signed ranks' efficiency of 3/pi taken as 2 % in length. */
    e->mde = expm1((normal_quantile(1 - ALPHA) + normal_quantile(0.8)) * deviation(z, n) * 1.02 / sqrt(n));
}

/* Once against the turns before and once against those after: a steady drift cancels.  Whatever befalls less than half
 * of the turns, such as another program for a while, does not count. */
double ab_turns(const double *first_ns, const double *second_ns, uint32_t n)
{
    double before[MEASURE_MAX_TURNS], after[MEASURE_MAX_TURNS];
    assert(n > 0);
    if (n > MEASURE_MAX_TURNS) n = MEASURE_MAX_TURNS;
    if (n < 2) return log(second_ns[0] / first_ns[0]);
    for (uint32_t i = 0; i < n; i++) before[i] = log(second_ns[i] / first_ns[i]);
    for (uint32_t i = 0; i + 1 < n; i++) after[i] = log(second_ns[i] / first_ns[i + 1]);
    return (stats_median(before, n) + stats_median(after, n - 1)) / 2;
}

bool ab_decide(const double *z, uint32_t n, double min_effect, struct effect *e, enum verdict *v)
{
    bool at_look = false;
    for (size_t i = 0; i < MXB_COUNT(look); i++) at_look |= n == look[i];
    if (!at_look) return false;
    ab_effect(z, n, e);
    const size_t looks = MXB_COUNT(look);
    const double alpha = ALPHA / (double)looks, margin = 1 + min_effect;
    if (e->p_slower <= alpha && e->ratio >= margin) *v = VERDICT_REGRESSED;
    else if (e->p_faster <= alpha && e->ratio <= 1 / margin) *v = VERDICT_IMPROVED;
    else if (e->lo > 1 / margin && e->hi < margin) *v = VERDICT_UNCHANGED;
    else if (n < AB_MAX_PAIRS) return false;
    else *v = e->mde > min_effect ? VERDICT_NOISY : VERDICT_INCONCLUSIVE;
    return true;
}
