/* Private to this folder: the parameter struct, the order of tensors, the CPU kernel. */
#ifndef BENCH_SPIN_H
#define BENCH_SPIN_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/bench/bench_spin/bench_spin.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_X, T_Y };                               /* tensors = bindings */

/* Grid (ceil(items / 64)), one item = 64 elements. */
void bench_spin_cpu(const struct mxb_args *, int64_t begin, int64_t end);
#endif
