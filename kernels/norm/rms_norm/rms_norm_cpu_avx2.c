/* rms_norm for AVX2 + FMA + F16C: 8 lanes. */
#if defined(__AVX2__)
#define KERNEL rms_norm_cpu_avx2
#include "kernels/norm/rms_norm/rms_norm_cpu_body.h"
#else
#include "kernels/norm/rms_norm/rms_norm.h"

/* Another architecture: the symbol exists, the device never offers it. */
void rms_norm_cpu_avx2(const struct mxb_args *a, int64_t begin, int64_t end)
{
    rms_norm_cpu(a, begin, end);
}
#endif
