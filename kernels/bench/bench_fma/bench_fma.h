/* Private to this folder: the parameter struct, positions and sizes, the CPU kernels. */
#ifndef BENCH_FMA_H
#define BENCH_FMA_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/bench/bench_fma/bench_fma.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_X, T_K, T_Y };                          /* tensors = bindings; k holds m and c */
enum { BLOCK = 192, STEPS = 8 };                 /* values of a block = 12 vectors of AVX-512; multiply-adds of a round */

/* f32, one per instruction set, and f16; grid (blocks), one item = one block. */
void bench_fma_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void bench_fma_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void bench_fma_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
void bench_fma_cpu_fp16(const struct mxb_args *, int64_t begin, int64_t end);
#endif
