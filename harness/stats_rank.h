/* Wilcoxon's signed ranks: exact tail probability, and the Hodges-Lehmann estimate with its exact interval. */
#ifndef MXB_STATS_RANK_H
#define MXB_STATS_RANK_H
#include <stddef.h>

enum { RANK_MAX = 64 };              /* differences in one call */

/* P(W >= w) under symmetry about 0, W the sum of the ranks of the positive z.  Zeros are dropped; tied |z| share the
 * mean of their ranks, and the distribution is that of the signs given these ranks, so it is exact with ties too.
 * n <= RANK_MAX; 1 if nothing is left. */
double signed_rank_p(const double *z, size_t n);

struct shift { double estimate, lo, hi; };
/* Median of the Walsh averages (z_i + z_j) / 2, i <= j, and the narrowest interval of their order statistics that holds
 * the centre of symmetry with at least `level` (0.95); lo, hi infinite where n is too small for that.
 * 1 <= n <= RANK_MAX. */
struct shift hodges_lehmann(const double *z, size_t n, double level);
#endif
