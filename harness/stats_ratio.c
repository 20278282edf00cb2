/* Ratio of two sets of rounds (stats_ratio.h). */
#include "harness/stats_ratio.h"

#include <math.h>

#include "harness/stats_tail.h"

struct side {
    double mean, var;                /* of the logarithms; var: of the mean */
    double within;                   /* variance of the mean that the rounds' own intervals leave open */
    size_t n;
};

static struct side side_of(const struct round_figure *r, size_t n)
{
    static const double NORMAL_95 = 1.959964;        /* the rounds' intervals are 95 % ones */
    struct side s = { 0, 0, 0, n };
    for (size_t i = 0; i < n; i++) s.mean += log(r[i].median) / (double)n;
    for (size_t i = 0; i < n; i++) {
        const double d = log(r[i].median) - s.mean;
        s.var += d * d;
        if (!(r[i].ci_lo > 0) || !(r[i].ci_hi >= r[i].ci_lo)) continue;
        const double half = fmax(log(r[i].ci_hi / r[i].median), log(r[i].median / r[i].ci_lo)) / NORMAL_95;
        s.within += half * half / (double)(n * n);
    }
    s.var = n > 1 ? s.var / (double)(n - 1) / (double)n : 0;
    return s;
}

/* The interval exp(d -+ half), and what it proves. */
static struct ratio judged(double d, double half)
{
    struct ratio r = { exp(d), exp(d - half), exp(d + half), RATIO_INCONCLUSIVE };
    if (r.lo >= 1 - RATIO_MARGIN && r.hi <= 1 + RATIO_MARGIN) r.verdict = RATIO_UNCHANGED;
    else if (r.lo > 1 && r.value >= 1 + RATIO_MARGIN) r.verdict = RATIO_SLOWER;
    else if (r.hi < 1 && r.value <= 1 - RATIO_MARGIN) r.verdict = RATIO_FASTER;
    return r;
}

struct ratio ratio_of(const struct round_figure *a, size_t na, const struct round_figure *b, size_t nb)
{
    static const double TWO_SIDED_99 = 0.995;
    const struct side x = side_of(a, na), y = side_of(b, nb);
    const double d = y.mean - x.mean;
    if (na < 2 || nb < 2) return (struct ratio){ exp(d), 0, INFINITY, RATIO_INCONCLUSIVE };
    const double v = x.var + y.var;
    const double df = v > 0 ? v * v / (x.var * x.var / (double)(na - 1) + y.var * y.var / (double)(nb - 1)) : INFINITY;
    const double between = v > 0 ? student_quantile(TWO_SIDED_99, df) * sqrt(v) : 0;
    const double half = fmax(between, student_quantile(TWO_SIDED_99, INFINITY) * sqrt(x.within + y.within));
    return judged(d, half);
}

struct ratio ratio_of_pairs(const struct round_figure *a, const struct round_figure *b, size_t n)
{
    static const double TWO_SIDED_95 = 0.975;
    const struct side x = side_of(a, n), y = side_of(b, n);
    const double d = y.mean - x.mean;
    double var = 0;                  /* of the mean */
    if (n < 2) return (struct ratio){ exp(d), 0, INFINITY, RATIO_INCONCLUSIVE };
    for (size_t i = 0; i < n; i++) var += pow(log(b[i].median / a[i].median) - d, 2) / (double)(n - 1) / (double)n;
    return judged(d, fmax(student_quantile(TWO_SIDED_95, (double)(n - 1)) * sqrt(var),
                          student_quantile(TWO_SIDED_95, INFINITY) * sqrt(x.within + y.within)));
}
