/* TurboQuant in double for oracles and generators, on the host: the rotation by its definition, the codebooks, and the
 * error scale of the fast transform. */
#ifndef TQ_ORACLE_H
#define TQ_ORACLE_H
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include "kernels/common/tq_tables.h"

enum { TQ_ORACLE_DIM = 512 };

/* +1 or -1. */
static inline double tq_oracle_sign(uint32_t j)
{
    static const uint32_t word[] = { TQ_SIGN_WORDS };
    return TQ_NEGATIVE(word, j) ? -1 : 1;
}

/* The factor 1 / sqrt(dim) is a binary32 number by contract. */
static inline double tq_oracle_factor(uint32_t dim)
{
    return dim == 256 ? (double)TQ_INV_SQRT_256 : (double)TQ_INV_SQRT_512;
}

/* z_i = factor * sum_j (-1)^popcount(i and j) x_j */
static inline void tq_oracle_hadamard(const double *x, uint32_t dim, double *z)
{
    for (uint32_t i = 0; i < dim; i++) {
        double sum = 0;
        for (uint32_t j = 0; j < dim; j++)
            sum += __builtin_popcount(i & j) % 2 ? -x[j] : x[j];
        z[i] = tq_oracle_factor(dim) * sum;
    }
}

/* The same by butterflies, for generators, and the variance of each z in units of u^2 if every sum is rounded once by a
 * relative u: p in the error model is its root.  The order of the butterflies is part of the contract, so that this is
 * no bound over orders. */
static inline void tq_oracle_butterflies(const double *x, uint32_t dim, double *z, double *var)
{
    const double f = tq_oracle_factor(dim);
    for (uint32_t i = 0; i < dim; i++) {
        z[i] = x[i];
        var[i] = 0;
    }
    for (uint32_t h = 1; h < dim; h *= 2)
        for (uint32_t i = 0; i < dim; i++) {
            if (i & h) continue;
            const double a = z[i], b = z[i + h], both = var[i] + var[i + h];
            z[i] = a + b;
            z[i + h] = a - b;
            var[i] = both + z[i] * z[i];
            var[i + h] = both + z[i + h] * z[i + h];
        }
    for (uint32_t i = 0; i < dim; i++) {         /* the product by 1 / sqrt(dim) is rounded too, where not exact */
        var[i] = f * f * (var[i] + (dim == 256 ? 0 : z[i] * z[i]));
        z[i] *= f;
    }
}

static inline double tq_oracle_centroid(uint32_t bits, uint32_t i)
{
    static const float half[] = { TQ_CENTROIDS };
    return (double)TQ_CENTROID(half, bits, i);
}

static inline double tq_oracle_boundary(uint32_t bits, uint32_t i)
{
    static const float half[] = { TQ_BOUNDARIES };
    return (double)TQ_BOUNDARY(half, bits, i);
}

/* Number of boundaries below v: ties go down, NaN gives 0. */
static inline uint32_t tq_oracle_index(uint32_t bits, double v)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i + 1 < 1u << bits; i++)
        n += v > tq_oracle_boundary(bits, i);
    return n;
}
#endif
