/* Distributions behind the gate: tails and quantiles of the normal, Student's t, beta and binomial distribution. */
#ifndef MXB_STATS_TAIL_H
#define MXB_STATS_TAIL_H
#include <stdint.h>

double normal_sf(double z);                          /* P(Z > z) */
double normal_quantile(double p);                    /* 0 < p < 1 */
double beta_cdf(double a, double b, double x);       /* a, b > 0; the regularised incomplete beta function */
double beta_quantile(double a, double b, double p);
double student_sf(double t, double df);              /* P(T > t); df may be INFINITY */
double student_quantile(double p, double df);
double digamma(double x);                            /* x > 0 */
double trigamma(double x);
double trigamma_inverse(double y);                   /* y > 0 */

/* One-sided Clopper-Pearson bounds at `level` (0.95) of a probability with k hits in n trials, n >= 1. */
double binomial_lower(uint64_t k, uint64_t n, double level);
double binomial_upper(uint64_t k, uint64_t n, double level);
#endif
