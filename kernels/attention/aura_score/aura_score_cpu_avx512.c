/* aura_score for AVX-512 F, BW, DQ and VL: 16 lanes. */
#if defined(__AVX512F__)
#define KERNEL aura_score_cpu_avx512
#include "kernels/attention/aura_score/aura_score_cpu_body.h"
#else
#include "kernels/attention/aura_score/aura_score.h"

/* Another architecture: the symbol exists, the device never offers it. */
void aura_score_cpu_avx512(const struct mxb_args *a, int64_t begin, int64_t end)
{
    aura_score_cpu(a, begin, end);
}
#endif
