/* bench_read for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL bench_read_cpu
#include "kernels/bench/bench_read/bench_read_cpu_body.h"
