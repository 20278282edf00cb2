/* Tails and quantiles: continued fraction of the incomplete beta function (Lentz), asymptotic series of the polygamma
 * functions, and bisection for every quantile, because speed does not matter here and bracketing cannot fail. */
#include "harness/stats_tail.h"

#include <math.h>

enum { FRACTION_TERMS = 1000, BISECTIONS = 200 };
static const double TINY = 1e-300, FRACTION_PRECISION = 1e-15;

double normal_sf(double z)
{
    return 0.5 * erfc(z / sqrt(2));
}

/* Root of an increasing function between lo and hi, to the last bit or nearly. */
static double bisect(double (*f)(double x, double a, double b), double a, double b, double want, double lo, double hi)
{
    for (int i = 0; i < BISECTIONS; i++) {
        const double mid = 0.5 * (lo + hi);
        if (mid <= lo || mid >= hi) break;
        if (f(mid, a, b) < want) lo = mid;
        else hi = mid;
    }
    return 0.5 * (lo + hi);
}

static double normal_cdf_of(double x, double a, double b)
{
    (void)a; (void)b;
    return normal_sf(-x);
}

double normal_quantile(double p)
{
    if (p > 0.5) return -normal_quantile(1 - p);     /* the lower tail has the small numbers */
    return bisect(normal_cdf_of, 0, 0, p, -40, 0);
}

/* Numerical Recipes' arrangement of the fraction: even and odd coefficients in turn. */
static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    if (fabs(d) < TINY) d = TINY;
    d = 1 / d;
    double h = d;
    for (int m = 1; m < FRACTION_TERMS; m++) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double change = 1;
        for (int k = 0; k < 2; k++) {
            const double term = k ? odd : even;
            d = 1 + term * d;
            if (fabs(d) < TINY) d = TINY;
            c = 1 + term / c;
            if (fabs(c) < TINY) c = TINY;
            d = 1 / d;
            change = d * c;
            h *= change;
        }
        if (fabs(change - 1) < FRACTION_PRECISION) break;
    }
    return h;
}

double beta_cdf(double a, double b, double x)
{
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    const double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

static double beta_cdf_of(double x, double a, double b)
{
    return beta_cdf(a, b, x);
}

double beta_quantile(double a, double b, double p)
{
    return bisect(beta_cdf_of, a, b, p, 0, 1);
}

double student_sf(double t, double df)
{
    if (isinf(df)) return normal_sf(t);
    const double square = t * t, whole = df + square;       /* the smaller argument of the two keeps its digits */
    const double tail =
        0.5 * (square < df ? 1 - beta_cdf(0.5, df / 2, square / whole) : beta_cdf(df / 2, 0.5, df / whole));
    return t > 0 ? tail : 1 - tail;
}

static double student_cdf_of(double x, double df, double unused)
{
    (void)unused;
    return student_sf(-x, df);
}

double student_quantile(double p, double df)
{
    double lo = -1;
    if (p > 0.5) return -student_quantile(1 - p, df);
    while (student_cdf_of(lo, df, 0) > p) lo *= 2;
    return bisect(student_cdf_of, df, 0, p, lo, 0);
}

enum { SERIES_FROM = 10 };                           /* recurrence up to here, then the asymptotic series */

double digamma(double x)
{
    double sum = 0;
    while (x < SERIES_FROM) sum -= 1 / x++;
    const double f = 1 / (x * x);
    return sum + log(x) - 0.5 / x - f * (1.0 / 12 - f * (1.0 / 120 - f * (1.0 / 252 - f * (1.0 / 240 - f / 132))));
}

double trigamma(double x)
{
    double sum = 0;
    while (x < SERIES_FROM) {
        sum += 1 / (x * x);
        x++;
    }
    const double f = 1 / (x * x);
    return sum + 1 / x + f / 2 + f / x * (1.0 / 6 - f * (1.0 / 30 - f * (1.0 / 42 - f / 30)));
}

static double minus_trigamma_of_exp(double x, double unused1, double unused2)
{
    (void)unused1; (void)unused2;
    return -trigamma(exp(x));
}

double trigamma_inverse(double y)
{
    return exp(bisect(minus_trigamma_of_exp, 0, 0, -y, -60, 60));
}

double binomial_lower(uint64_t k, uint64_t n, double level)
{
    return k == 0 ? 0 : beta_quantile((double)k, (double)(n - k) + 1, 1 - level);
}

double binomial_upper(uint64_t k, uint64_t n, double level)
{
    return k == n ? 1 : beta_quantile((double)k + 1, (double)(n - k), level);
}
