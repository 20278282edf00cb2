/* bench_fma for AVX-512: 16 lanes. */
#if defined(__AVX512F__)
#define KERNEL bench_fma_cpu_avx512
#include "kernels/bench/bench_fma/bench_fma_cpu_body.h"
#else
#include "kernels/bench/bench_fma/bench_fma.h"

/* Another architecture: the symbol exists, the device never offers it. */
void bench_fma_cpu_avx512(const struct mxb_args *a, int64_t begin, int64_t end)
{
    bench_fma_cpu(a, begin, end);
}
#endif
