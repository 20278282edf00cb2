/* What the host side of the AURA ops shares: codebooks of realistic data, and codes as an oracle reads them. */
#ifndef AURA_HOST_H
#define AURA_HOST_H
#include <math.h>
#include "harness/mxb_op.h"

/* Number i of the codebook for coordinates of rotated unit vectors of length dim: Lloyd-Max for N(0, 1/dim) with 2, 3
 * and 4 bits, equal steps over 3 standard deviations with more.  Ascending, antisymmetric. */
static inline double aura_codebook(uint32_t bits, uint32_t dim, uint32_t i)
{
    static const double two[] = { 0.4527800, 1.5104176 };
    static const double three[] = { 0.2450942, 0.7560053, 1.3439093, 2.1519457 };
    static const double four[] = {
        0.1283950, 0.3880483, 0.6567591, 0.9423405, 1.2562312, 1.6180464, 2.0690172, 2.7325896,
    };
    const uint32_t half = 1u << (bits - 1), k = i < half ? half - 1 - i : i - half;
    const double c = bits == 2 ? two[k] : bits == 3 ? three[k] : bits == 4 ? four[k] : 3 * (2 * k + 1) / (2.0 * half - 1);
    return (i < half ? -c : c) / sqrt(dim);
}

/* Code d of a row of `width` words as the oracle sees them: bits [d * bits, d * bits + bits) of the row as one number. */
static inline uint32_t aura_code(const double *row, uint32_t width, uint64_t d, uint32_t bits)
{
    const uint64_t first = d * bits, w = first / 32;
    uint64_t pair = (uint64_t)row[w];
    if (w + 1 < width) pair |= (uint64_t)row[w + 1] << 32;
    return (uint32_t)(pair >> first % 32) & ((1u << bits) - 1);
}

/* Unit roundoff of the kernels' arithmetic, and the variance of exp(x) with its rounded argument: 3 + 2|x| ulp are
 * permitted (Vulkan; OpenCL: 3), taken as uniformly distributed. */
static const double AURA_U = 0x1p-24;
static inline double aura_exp_variance(double x)
{
    const double argument = AURA_U * x, function = (3 + 2 * fabs(x)) * 2 * AURA_U;
    return argument * argument + function * function / 3;
}
#endif
