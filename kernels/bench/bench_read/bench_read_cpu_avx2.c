/* bench_read for AVX2: 8 lanes. */
#if defined(__AVX2__)
#define KERNEL bench_read_cpu_avx2
#include "kernels/bench/bench_read/bench_read_cpu_body.h"
#else
#include "kernels/bench/bench_read/bench_read.h"

/* Another architecture: the symbol exists, the device never offers it. */
void bench_read_cpu_avx2(const struct mxb_args *a, int64_t begin, int64_t end)
{
    bench_read_cpu(a, begin, end);
}
#endif
