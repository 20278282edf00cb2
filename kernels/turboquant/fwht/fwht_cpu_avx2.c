/* fwht for AVX2 + FMA + F16C: 8 lanes. */
#if defined(__AVX2__)
#define KERNEL fwht_cpu_avx2
#include "kernels/turboquant/fwht/fwht_cpu_body.h"
#else
#include "kernels/turboquant/fwht/fwht.h"

/* Another architecture: the symbol exists, the device never offers it. */
void fwht_cpu_avx2(const struct mxb_args *a, int64_t begin, int64_t end)
{
    fwht_cpu(a, begin, end);
}
#endif
