/* Statistics of timing samples: order statistics, effective sample size, intervals.  Samples are ns per repetition. */
#ifndef MXB_STATS_H
#define MXB_STATS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct summary {
    size_t n;
    double min, q1, median, q3, p99, max, mean, sd, mad;   /* ns; mad = median absolute deviation, unscaled */
    double rho1;                     /* lag-1 correlation max(0, sin(pi/2 * mean(s_i s_{i-1}))), s = sign(x - median) */
    double neff;                     /* n (1-rho)/(1+rho), at least 1 */
    double ci_lo, ci_hi;             /* 95 % order-statistic interval of the median with neff, ranks rounded outwards */
    double drift_pct;                /* Theil-Sen slope over the whole series, % of the median */
};
/* x in order of measurement; n >= 1.  0 or MXB_ENOMEM. */
int summarize(const double *x, size_t n, struct summary *out);
/* n >= 1; does not change x; n <= 4096 needs no memory, NAN on no memory. */
double stats_median(const double *x, size_t n);
/* Two separate clusters, each at least 5 and a tenth of the samples, more than 1 % of the median apart.  False on no
 * memory. */
bool stats_bimodal(const double *x, size_t n);
/* Median of per-round medians and its interval: with 3 or more rounds the 95 % t interval on log medians, wider of that
 * and the rounds' own pooled interval; with two the hull of their intervals; with one its own. */
struct round_summary { double median, ci_lo, ci_hi; };
void combine_rounds(const struct summary *round, size_t nround, struct round_summary *out);
#endif
