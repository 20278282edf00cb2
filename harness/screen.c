/* The screen against the history (screen.h): t test of one new observation with variances shrunk over the cases. */
#include "harness/screen.h"

#include <math.h>
#include <stdlib.h>

#include "harness/mxb_types.h"
#include "harness/stats.h"
#include "harness/stats_tail.h"

static const double SUSPECT_P = 0.10, SUSPECT_RATIO = 1.02;

/* Smyth's moment estimates: log s2 has mean log s0^2 + digamma(d/2) - log(d/2) - ..., variance trigamma(d/2) +
 * trigamma(d0/2). */
double variance_prior(const double *s2, const double *d, uint32_t m, double *s02)
{
    double mean = 0, within = 0, squares = 0;
    uint32_t k = 0;
    *s02 = 0;
    for (uint32_t i = 0; i < m; i++) {
        if (!(s2[i] > 0)) continue;                  /* equal readings of a coarse clock say nothing */
        mean += log(s2[i]) - digamma(d[i] / 2) + log(d[i] / 2);
        within += trigamma(d[i] / 2);
        k++;
    }
    if (k < 2) return 0;
    mean /= k;
    for (uint32_t i = 0; i < m; i++) {
        if (!(s2[i] > 0)) continue;
        const double e = log(s2[i]) - digamma(d[i] / 2) + log(d[i] / 2) - mean;
        squares += e * e;
    }
    const double excess = squares / (k - 1) - within / k;
    if (excess <= 0) {
        *s02 = exp(mean);
        return INFINITY;
    }
    const double d0 = 2 * trigamma_inverse(excess);
    *s02 = exp(mean + digamma(d0 / 2) - log(d0 / 2));
    return d0;
}

struct ranked { double p; uint32_t at; };

static int by_p(const void *a, const void *b)
{
    const double x = ((const struct ranked *)a)->p, y = ((const struct ranked *)b)->p;
    return (x > y) - (x < y);
}

int benjamini_hochberg(const double *p, uint32_t m, double *q)
{
    struct ranked *order = malloc((m + 1) * sizeof *order);
    double least = 1;
    if (!order) return MXB_ENOMEM;
    for (uint32_t i = 0; i < m; i++) order[i] = (struct ranked){ p[i], i };
    qsort(order, m, sizeof *order, by_p);
    for (uint32_t rank = m; rank >= 1; rank--) {
        least = fmin(least, order[rank - 1].p * m / rank);
        q[order[rank - 1].at] = least;
    }
    free(order);
    return 0;
}

static double variance(const double *x, uint32_t n)
{
    double mean = 0, squares = 0;
    for (uint32_t i = 0; i < n; i++) mean += x[i] / n;
    for (uint32_t i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
    return squares / (n - 1);
}

static void judge(struct screened *c, double s2, double s02, double d0)
{
    const double v = c->n - 1, df = v + d0;
    const double shrunk = isinf(d0) ? s02 : (d0 * s02 + v * s2) / df;
    const double scale = sqrt(shrunk * (1 + 1.0 / c->n)), d = c->now - stats_median(c->before, c->n);
    const double reach = student_quantile(0.975, df) * scale;
    c->ratio = exp(d);
    c->lo = exp(-reach);
    c->hi = exp(reach);
    c->p = scale > 0 ? student_sf(d / scale, df) : d > 0 ? 0 : 1;
}

int screen(struct screened *c, uint32_t n)
{
    double *s2 = calloc(4 * (size_t)n + 1, sizeof *s2), s02 = 0;
    uint32_t m = 0;
    if (!s2) return MXB_ENOMEM;
    double *d = s2 + n, *p = d + n, *q = p + n;
    for (uint32_t i = 0; i < n; i++) {
        c[i].judged = c[i].n >= SCREEN_MIN_RUNS;
        c[i].suspect = false;
        if (!c[i].judged) continue;
        s2[m] = variance(c[i].before, c[i].n);
        d[m++] = c[i].n - 1;
    }
    const double d0 = variance_prior(s2, d, m, &s02);
    m = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!c[i].judged) continue;
        judge(&c[i], s2[m], s02, d0);
        p[m++] = c[i].p;
    }
    const int rc = benjamini_hochberg(p, m, q);
    m = 0;
    for (uint32_t i = 0; i < n && rc == 0; i++) {
        if (!c[i].judged) continue;
        c[i].q = q[m++];
        c[i].suspect = c[i].p <= SUSPECT_P && c[i].ratio >= SUSPECT_RATIO;
    }
    free(s2);
    return rc;
}
