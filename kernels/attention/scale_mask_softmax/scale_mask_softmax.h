/* Private to this folder: the parameter struct, the order of tensors, the CPU kernels. */
#ifndef SCALE_MASK_SOFTMAX_H
#define SCALE_MASK_SOFTMAX_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/attention/scale_mask_softmax/scale_mask_softmax.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_INPUT, T_OUTPUT, T_MASK };              /* tensors = bindings 0..2 */

/* CPU kernels, one per instruction set; grid (rows), one item = one row. */
void scale_mask_softmax_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void scale_mask_softmax_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void scale_mask_softmax_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
