/* bench_fma for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL bench_fma_cpu
#include "kernels/bench/bench_fma/bench_fma_cpu_body.h"
