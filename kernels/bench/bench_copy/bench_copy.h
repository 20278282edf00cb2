/* Private to this folder: the parameter struct, the order of constants, the CPU kernels. */
#ifndef BENCH_COPY_H
#define BENCH_COPY_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/bench/bench_copy/bench_copy.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_X, T_Y };                               /* tensors = bindings */

/* mxb_args.spec of the CPU kernels: dtypes, then the tile. */
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_CHUNK };

/* Grid (cdiv(n, CHUNK)), one item = CHUNK groups of 16 bytes, the last one fewer. */
void bench_copy_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void bench_copy_cpu_stream(const struct mxb_args *, int64_t begin, int64_t end);
#endif
