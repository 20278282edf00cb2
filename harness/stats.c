/* Order statistics, effective sample size and intervals of timing samples. */
#include "harness/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/mxb_types.h"

enum {
    MEDIAN_STACK = 4096,   /* samples that stats_median() copies to the stack: 32 KiB */
    DRIFT_LAGS = 128,      /* Theil-Sen: at most this many lags, so at most 64 n slopes instead of n^2/2 */
    BIMODAL_MIN = 20       /* fewer samples cannot show two clusters */
};
static const double HALF_PI = 1.57079632679489661923;

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Hoare's selection: returns the k-th smallest and leaves no larger one before it. */
static double select_rank(double *x, size_t n, size_t k)
{
    ptrdiff_t lo = 0, hi = (ptrdiff_t)n - 1;
    const ptrdiff_t want = (ptrdiff_t)k;
    while (lo < hi) {
        const double pivot = x[want];
        ptrdiff_t i = lo, j = hi;
        do {
            /* The pivot, or what was exchanged, ends both.
             * NOLINTBEGIN(clang-analyzer-core.UndefinedBinaryOperatorResult) */
            while (x[i] < pivot) i++;
            while (pivot < x[j]) j--;
            /* NOLINTEND(clang-analyzer-core.UndefinedBinaryOperatorResult) */
            if (i <= j) {
                const double t = x[i];
                x[i++] = x[j];
                x[j--] = t;
            }
        } while (i <= j);
        if (j < want) lo = i;
        if (want < i) hi = j;
    }
    return x[k];
}

/* Reorders x. */
static double median_of(double *x, size_t n)
{
    const double upper = select_rank(x, n, n / 2);
    if (n % 2) return upper;
    double lower = x[0];
    for (size_t i = 1; i < n / 2; i++) lower = fmax(lower, x[i]);
    return 0.5 * (lower + upper);
}

double stats_median(const double *x, size_t n)
{
    double few[MEDIAN_STACK], *copy = few;
    if (n > MEDIAN_STACK && !(copy = malloc(n * sizeof *copy))) return NAN;
    memcpy(copy, x, n * sizeof *copy);
    const double m = median_of(copy, n);
    if (copy != few) free(copy);
    return m;
}

/* Linear interpolation between the order statistics around rank p (n-1). */
static double quantile(const double *sorted, size_t n, double p)
{
    const double h = p * (double)(n - 1);
    const size_t i = (size_t)h;
    return i + 1 < n ? sorted[i] + (h - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

/* Signs and not values, so that one outlier neither hides nor makes a correlation; sin(pi/2 m) turns the mean product
 * of signs of a Gaussian series into its correlation. */
static double sign_correlation(const double *x, size_t n, double median)
{
    if (n < 2) return 0;
    int64_t sum = 0;
    int before = (x[0] > median) - (x[0] < median);
    for (size_t i = 1; i < n; i++) {
        const int sign = (x[i] > median) - (x[i] < median);
        sum += sign * before;
        before = sign;
    }
    return fmax(0, sin(HALF_PI * (double)sum / (double)(n - 1)));
}

/* Theil-Sen: median of the slopes (x[i+lag] - x[i]) / lag, times the length of the series, in % of its median.  All
 * pairs up to 128 samples; beyond that every k-th lag, which keeps every sample in use. */
static int theil_sen(const double *x, size_t n, double median, double *pct)
{
    const size_t step = (n + DRIFT_LAGS - 1) / DRIFT_LAGS;
    size_t count = 0;
    for (size_t lag = step; lag < n; lag += step) count += n - lag;
    *pct = 0;
    if (count == 0 || !(median > 0)) return 0;
    double *slope = malloc(count * sizeof *slope);
    if (!slope) return MXB_ENOMEM;
    count = 0;
    for (size_t lag = step; lag < n; lag += step)
        for (size_t i = 0; i + lag < n; i++) slope[count++] = (x[i + lag] - x[i]) / (double)lag;
    *pct = 100 * median_of(slope, count) * (double)(n - 1) / median;
    free(slope);
    return 0;
}

/* Ranks n/2 -+ 1.96 n / (2 sqrt(neff)), counted from 1 and rounded outwards; symmetric. */
static void median_interval(const double *sorted, size_t n, double neff, double *lo, double *hi)
{
    const double below = floor(0.5 * (double)n - 0.98 * (double)n / sqrt(neff));
    const size_t rank = below < 1 ? 1 : (size_t)below;
    *lo = sorted[rank - 1];
    *hi = sorted[n - rank];
}

int summarize(const double *x, size_t n, struct summary *out)
{
    double *sorted = malloc(n * sizeof *sorted);
    if (!sorted) return MXB_ENOMEM;
    memcpy(sorted, x, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);

    *out = (struct summary){ .n = n, .min = sorted[0], .max = sorted[n - 1] };
    out->q1 = quantile(sorted, n, 0.25);
    out->median = quantile(sorted, n, 0.5);
    out->q3 = quantile(sorted, n, 0.75);
    out->p99 = quantile(sorted, n, 0.99);

    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) sum += sorted[i];
    out->mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) squares += (sorted[i] - out->mean) * (sorted[i] - out->mean);
    out->sd = n > 1 ? sqrt(squares / (double)(n - 1)) : 0;

    out->rho1 = sign_correlation(x, n, out->median);
    out->neff = fmax(1, (double)n * (1 - out->rho1) / (1 + out->rho1));
    median_interval(sorted, n, out->neff, &out->ci_lo, &out->ci_hi);

    for (size_t i = 0; i < n; i++) sorted[i] = fabs(sorted[i] - out->median);
    out->mad = median_of(sorted, n);
    free(sorted);
    return theil_sen(x, n, out->median, &out->drift_pct);
}

/* The best split of the sorted samples into two classes explains 64 % of the variance of a normal, 75 % of a uniform
 * and 81 % of an arcsine distribution; 90 % needs two clusters.  The outer 2 % on each side are left out, so that a
 * few outliers are not a cluster. */
bool stats_bimodal(const double *x, size_t n)
{
    if (n < BIMODAL_MIN) return false;
    double *sorted = malloc(n * sizeof *sorted);
    if (!sorted) return false;
    memcpy(sorted, x, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);

    const size_t cut = n / 50, m = n - 2 * cut, least = m > 50 ? (m + 9) / 10 : 5;
    const double *v = sorted + cut, median = sorted[n / 2];
    double sum = 0, squares = 0;                         /* about the median, against cancellation */
    for (size_t i = 0; i < m; i++) {
        sum += v[i] - median;
        squares += (v[i] - median) * (v[i] - median);
    }
    const double total = squares - sum * sum / (double)m;

    bool found = false;
    double left = 0;
    for (size_t k = 1; k <= m - least; k++) {
        left += v[k - 1] - median;
        if (k < least) continue;
        const double gap = (sum - left) / (double)(m - k) - left / (double)k;
        const double between = gap * gap * (double)k * (double)(m - k) / (double)m;
        if (between > 0.9 * total && gap > 0.01 * median) found = true;
    }
    free(sorted);
    return found;
}

/* 97.5 % quantile of Student's t.  Beyond the table: Cornish-Fisher expansion to 1/df^2, 3e-4 too small at most. */
static double t_quantile(size_t df)
{
    static const double table[] = {
        12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
        2.2010,  2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
    };
    if (df <= MXB_COUNT(table)) return table[df - 1];
    const double f = (double)df;
    return 1.95996 + 2.37227 / f + 2.8225 / (f * f);
}

/* The k-th smallest of the rounds' medians by counting: rounds are few and need no memory. */
static double round_rank(const struct summary *round, size_t n, size_t k)
{
    for (size_t i = 0; i < n; i++) {
        size_t less = 0, equal = 0;
        for (size_t j = 0; j < n; j++) {
            less += round[j].median < round[i].median;
            equal += round[j].median == round[i].median;
        }
        if (less <= k && k < less + equal) return round[i].median;
    }
    return NAN;
}

void combine_rounds(const struct summary *round, size_t nround, struct round_summary *out)
{
    const size_t n = nround;
    *out = (struct round_summary){ 0, 0, 0 };
    if (n == 0) return;
    out->median = 0.5 * (round_rank(round, n, (n - 1) / 2) + round_rank(round, n, n / 2));

    double lo = round[0].ci_lo, hi = round[0].ci_hi;
    for (size_t i = 1; i < n; i++) {
        lo = fmin(lo, round[i].ci_lo);
        hi = fmax(hi, round[i].ci_hi);
    }
    if (n >= 3 && lo > 0) {                           /* logarithms exist */
        double mean = 0, squares = 0, below = 0, above = 0;
        for (size_t i = 0; i < n; i++) mean += log(round[i].median) / (double)n;
        for (size_t i = 0; i < n; i++) {
            const double m = log(round[i].median);
            squares += (m - mean) * (m - mean);
            below += (m - log(round[i].ci_lo)) * (m - log(round[i].ci_lo));
            above += (log(round[i].ci_hi) - m) * (log(round[i].ci_hi) - m);
        }
        const double t = t_quantile(n - 1) * sqrt(squares / (double)(n - 1) / (double)n);
        /* Pooled: half width of the mean of n medians that have these half widths each. */
        lo = exp(mean - fmax(t, sqrt(below) / (double)n));
        hi = exp(mean + fmax(t, sqrt(above) / (double)n));
    }
    out->ci_lo = fmin(lo, out->median);                  /* the interval is centred on the mean of the logs */
    out->ci_hi = fmax(hi, out->median);
}
