/* bench_read for AVX-512: 16 lanes. */
#if defined(__AVX512F__)
#define KERNEL bench_read_cpu_avx512
#include "kernels/bench/bench_read/bench_read_cpu_body.h"
#else
#include "kernels/bench/bench_read/bench_read.h"

/* Another architecture: the symbol exists, the device never offers it. */
void bench_read_cpu_avx512(const struct mxb_args *a, int64_t begin, int64_t end)
{
    bench_read_cpu(a, begin, end);
}
#endif
