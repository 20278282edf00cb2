/* aura_dequant_rotated for AVX2 + FMA + F16C: 8 lanes. */
#if defined(__AVX2__)
#define KERNEL aura_dequant_rotated_cpu_avx2
#include "kernels/attention/aura_dequant_rotated/aura_dequant_rotated_cpu_body.h"
#else
#include "kernels/attention/aura_dequant_rotated/aura_dequant_rotated.h"

/* Another architecture: the symbol exists, the device never offers it. */
void aura_dequant_rotated_cpu_avx2(const struct mxb_args *a, int64_t begin, int64_t end)
{
    aura_dequant_rotated_cpu(a, begin, end);
}
#endif
