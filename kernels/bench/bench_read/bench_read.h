/* Private to this folder: the parameter struct, the order of constants, the CPU kernels. */
#ifndef BENCH_READ_H
#define BENCH_READ_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/bench/bench_read/bench_read.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_X, T_Y };                               /* tensors = bindings */

/* One per instruction set; grid (rows), one item = one row. */
void bench_read_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void bench_read_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void bench_read_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
