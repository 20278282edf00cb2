/* sdpa for AVX-512 F, BW, DQ and VL: 16 lanes. */
#if defined(__AVX512F__)
#define KERNEL sdpa_cpu_avx512
#include "kernels/attention/sdpa/sdpa_cpu_body.h"
#else
#include "kernels/attention/sdpa/sdpa.h"

/* Another architecture: the symbol exists, the device never offers it. */
void sdpa_cpu_avx512(const struct mxb_args *a, int64_t begin, int64_t end)
{
    sdpa_cpu(a, begin, end);
}
#endif
