/* fwht for AVX-512 F, BW, DQ and VL: 16 lanes. */
#if defined(__AVX512F__)
#define KERNEL fwht_cpu_avx512
#include "kernels/turboquant/fwht/fwht_cpu_body.h"
#else
#include "kernels/turboquant/fwht/fwht.h"

/* Another architecture: the symbol exists, the device never offers it. */
void fwht_cpu_avx512(const struct mxb_args *a, int64_t begin, int64_t end)
{
    fwht_cpu(a, begin, end);
}
#endif
