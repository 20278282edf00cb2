/* Signed ranks by counting: the number of sign patterns for each rank sum, by dynamic programming. */
#include "harness/stats_rank.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { DOUBLE_SUM_MAX = RANK_MAX * (RANK_MAX + 1), WALSH_MAX = RANK_MAX * (RANK_MAX + 1) / 2 };

/* share[s] += probability of the doubled rank sum s when each of the doubled ranks counts with probability 1/2. */
static void rank_sum_distribution(const int *rank2, size_t n, double *share)
{
    int top = 0;
    for (int s = 0; s <= DOUBLE_SUM_MAX; s++) share[s] = s == 0;
    for (size_t i = 0; i < n; i++) {
        top += rank2[i];
        for (int s = top; s >= 0; s--) share[s] = 0.5 * (share[s] + (s >= rank2[i] ? share[s - rank2[i]] : 0));
    }
}

double signed_rank_p(const double *z, size_t n)
{
    double share[DOUBLE_SUM_MAX + 1], p = 0;
    int rank2[RANK_MAX] = { 0 }, positive = 0;
    size_t m = 0;
    assert(n <= RANK_MAX);
    for (size_t i = 0; i < n; i++) {
        int below = 0, equal = 0;
        if (z[i] == 0) continue;
        for (size_t j = 0; j < n; j++) {
            if (z[j] == 0) continue;
            below += fabs(z[j]) < fabs(z[i]);
            equal += fabs(z[j]) == fabs(z[i]);
        }
        rank2[m] = 2 * below + equal + 1;            /* ranks below+1 .. below+equal, their mean twice */
        if (z[i] > 0) positive += rank2[m];
        m++;
    }
    rank_sum_distribution(rank2, m, share);
    for (int s = positive; s <= DOUBLE_SUM_MAX; s++) p += share[s];
    return fmin(p, 1);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct shift hodges_lehmann(const double *z, size_t n, double level)
{
    double walsh[WALSH_MAX], share[DOUBLE_SUM_MAX + 1], tail = 0;
    int rank2[RANK_MAX];
    size_t m = 0;
    assert(n >= 1 && n <= RANK_MAX);
    for (size_t i = 0; i < n; i++) {
        rank2[i] = 2 * (int)(i + 1);
        for (size_t j = i; j < n; j++) walsh[m++] = 0.5 * (z[i] + z[j]);
    }
    qsort(walsh, m, sizeof *walsh, ascending);

    struct shift s = { 0.5 * (walsh[(m - 1) / 2] + walsh[m / 2]), -INFINITY, INFINITY };
    rank_sum_distribution(rank2, n, share);
    /* The k-th smallest and k-th largest average miss the centre with probability P(W <= k - 1) each. */
    size_t k = 0;
    while (k < m / 2 && (tail += share[2 * k]) <= (1 - level) / 2) k++;
    if (k == 0) return s;
    s.lo = walsh[k - 1];
    s.hi = walsh[m - k];
    return s;
}
