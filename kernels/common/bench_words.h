/* Inputs of the bandwidth kernels: words without a pattern that memory could compress, made faster than by a random number
 * for each.  The first PERIOD are random; each further stretch is the first one, all its words changed alike. */
#ifndef BENCH_WORDS_H
#define BENCH_WORDS_H
#include "harness/mxb_types.h"

static inline void bench_words(uint64_t seed, uint32_t stream, uint32_t *x, uint64_t n)
{
    enum { PERIOD = 1 << 16 };
    for (uint64_t i = 0; i < n && i < PERIOD; i++) x[i] = mxb_rand_u32(seed, stream, i);
    for (uint64_t i = PERIOD; i < n; i++) x[i] = x[i % PERIOD] ^ (uint32_t)(i / PERIOD) * 0x9e3779b9u;
}
#endif
