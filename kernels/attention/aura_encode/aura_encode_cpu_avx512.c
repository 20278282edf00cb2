/* aura_encode for AVX-512 F, BW, DQ and VL: 16 lanes. */
#if defined(__AVX512F__)
#define KERNEL aura_encode_cpu_avx512
#include "kernels/attention/aura_encode/aura_encode_cpu_body.h"
#else
#include "kernels/attention/aura_encode/aura_encode.h"

/* Another architecture: the symbol exists, the device never offers it. */
void aura_encode_cpu_avx512(const struct mxb_args *a, int64_t begin, int64_t end)
{
    aura_encode_cpu(a, begin, end);
}
#endif
