/* bench_fma for AVX2 + FMA: 8 lanes. */
#if defined(__AVX2__)
#define KERNEL bench_fma_cpu_avx2
#include "kernels/bench/bench_fma/bench_fma_cpu_body.h"
#else
#include "kernels/bench/bench_fma/bench_fma.h"

/* Another architecture: the symbol exists, the device never offers it. */
void bench_fma_cpu_avx2(const struct mxb_args *a, int64_t begin, int64_t end)
{
    bench_fma_cpu(a, begin, end);
}
#endif
