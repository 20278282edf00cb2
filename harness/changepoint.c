/* Change points of a series of timings (changepoint.h). */
#include "harness/changepoint.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "harness/mxb_types.h"
#include "harness/stats.h"
#include "harness/stats_tail.h"

enum { MIN_SEGMENT = 3, WINDOW = 5 };
static const double LEAST_NOISE = 0.002, CLIP = 3, PENALTY = 4.5, P_MAX = 1e-3, LEAST_STEP = 0.02;

double changepoint_noise(const double *x, size_t n)
{
    static const double MAD_TO_SD = 1.4826, ROOT2 = 1.41421356237309505;
    if (n < 2) return LEAST_NOISE;
    double *d = malloc((n - 1) * sizeof *d);
    if (!d) return LEAST_NOISE;
    for (size_t i = 0; i + 1 < n; i++) d[i] = fabs(x[i + 1] - x[i]);
    const double sd = MAD_TO_SD * stats_median(d, n - 1) / ROOT2;
    free(d);
    return fmax(LEAST_NOISE, sd);
}

/* A single bad run must not look like two steps: values are held within 3 sd of the running median of 5. */
static void clip(const double *x, size_t n, double sd, double *out)
{
    for (size_t i = 0; i < n; i++) {
        const size_t half = WINDOW / 2, from = i < half ? 0 : i - half, to = i + half < n ? i + half + 1 : n;
        const double m = stats_median(x + from, to - from);
        out[i] = fmin(fmax(x[i], m - CLIP * sd), m + CLIP * sd);
    }
}

/* Sums of x and x^2 over [0, i), about the first value against cancellation. */
struct sums { double *x, *xx; };

static double squares(const struct sums *s, size_t from, size_t to)
{
    const double sum = s->x[to] - s->x[from];
    return fmax(0, s->xx[to] - s->xx[from] - sum * sum / (double)(to - from));
}

long changepoint_partition(const double *x, size_t n, double penalty, size_t *boundary)
{
    if (n < 2 * MIN_SEGMENT) return 0;
    double *memory = calloc(3 * (n + 1), sizeof *memory);
    size_t *last = calloc(n + 1, sizeof *last);
    long count = MXB_ENOMEM;
    if (!memory || !last) goto out;
    struct sums s = { memory, memory + n + 1 };
    double *best = memory + 2 * (n + 1);             /* best[i]: cost of [0, i) with its penalties */
    for (size_t i = 0; i < n; i++) {
        s.x[i + 1] = s.x[i] + (x[i] - x[0]);
        s.xx[i + 1] = s.xx[i] + (x[i] - x[0]) * (x[i] - x[0]);
    }
    for (size_t i = 1; i <= n; i++) {
        best[i] = i < MIN_SEGMENT ? INFINITY : squares(&s, 0, i);
        for (size_t j = MIN_SEGMENT; j + MIN_SEGMENT <= i; j++) {
            const double cost = best[j] + penalty + squares(&s, j, i);
            if (cost < best[i]) {
                best[i] = cost;
                last[i] = j;
            }
        }
    }
    count = 0;
    for (size_t i = last[n]; i > 0; i = last[i]) count++;
    for (size_t i = last[n], k = (size_t)count; i > 0; i = last[i]) boundary[--k] = i;
out:
    free(memory);
    free(last);
    return count;
}

static void mean_var(const double *x, size_t n, double *mean, double *var)
{
    *mean = *var = 0;
    for (size_t i = 0; i < n; i++) *mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++) *var += (x[i] - *mean) * (x[i] - *mean) / (double)(n - 1);
}

/* Step between the segments [from, at) and [at, to); the noise floor stands in for segments of equal values. */
static struct step judge(const double *x, size_t from, size_t at, size_t to)
{
    const double na = (double)(at - from), nb = (double)(to - at), floor2 = LEAST_NOISE * LEAST_NOISE;
    double a, b, va, vb;
    mean_var(x + from, at - from, &a, &va);
    mean_var(x + at, to - at, &b, &vb);
    va = fmax(va, floor2) / na;
    vb = fmax(vb, floor2) / nb;
    const double df = (va + vb) * (va + vb) / (va * va / (na - 1) + vb * vb / (nb - 1));
    return (struct step){ at, exp(b - a), 2 * student_sf(fabs(b - a) / sqrt(va + vb), df) };
}

/* Drops the weakest boundary until all that are left are steps. */
static size_t drop_weak(const double *x, size_t n, size_t *boundary, size_t count, struct step *step)
{
    for (;;) {
        size_t weakest = count;
        double p = -1;
        for (size_t i = 0; i < count; i++) {
            step[i] = judge(x, i ? boundary[i - 1] : 0, boundary[i], i + 1 < count ? boundary[i + 1] : n);
            const bool small = fabs(step[i].ratio - 1) < LEAST_STEP;
            if ((small || step[i].p >= P_MAX) && (small ? 1 : step[i].p) > p) {
                p = small ? 1 : step[i].p;
                weakest = i;
            }
        }
        if (weakest == count) return count;
        memmove(boundary + weakest, boundary + weakest + 1, (count - weakest - 1) * sizeof *boundary);
        count--;
    }
}

int changepoints(const double *ns, size_t n, struct step **out, size_t *nstep)
{
    double *x = calloc(2 * n + 1, sizeof *x);
    size_t *boundary = calloc(n / MIN_SEGMENT + 1, sizeof *boundary);
    struct step *step = calloc(n / MIN_SEGMENT + 1, sizeof *step);
    int rc = MXB_ENOMEM;
    *out = NULL;
    *nstep = 0;
    if (!x || !boundary || !step) goto out;
    double *clipped = x + n;
    for (size_t i = 0; i < n; i++) x[i] = log(ns[i]);
    const double sd = changepoint_noise(x, n);
    clip(x, n, sd, clipped);
    const long count = changepoint_partition(clipped, n, PENALTY * log((double)(n ? n : 1)) * sd * sd, boundary);
    if (count < 0) goto out;
    rc = 0;
    *nstep = drop_weak(clipped, n, boundary, (size_t)count, step);
    if (*nstep) {
        *out = step;
        step = NULL;
    }
out:
    free(x);
    free(boundary);
    free(step);
    return rc;
}
