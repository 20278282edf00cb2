/* Random numbers in bulk: the same values as mxb_rand_*, many at a time. */
#ifndef MXB_RAND_H
#define MXB_RAND_H
#include "harness/mxb_types.h"

/* Streams: ops use those below 0x10000, the generic content of tensor t is stream t, the harness has these too. */
enum rand_stream {
    STREAM_PLACE = 0x10000,          /* + t: positions of needles and of NaN and inf */
    STREAM_SCALE = 0x20000,          /* + t: magnitudes of the large fill */
    STREAM_ROWS  = 0x30000,          /* which rows are probed; one choice for all tensors */
    STREAM_ITEMS = 0x40000           /* sample of the oracle's items */
};

/* One block of Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11). */
void philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* out[i] = mxb_rand_u32(seed, stream, first + i), and mxb_rand_normal of the same. */
void rand_words(uint64_t seed, uint32_t stream, uint64_t first, uint64_t n, uint32_t *out);
void rand_normals(uint64_t seed, uint32_t stream, uint64_t first, uint64_t n, double *out);
/* The (0,1) value that mxb_rand_uniform makes of a word. */
static inline double rand_unit(uint32_t word)
{
    return ((double)word + 0.5) * 0x1p-32;
}
#endif
