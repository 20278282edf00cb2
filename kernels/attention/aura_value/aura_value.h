/* Private to this folder: the parameter struct, the order of tensors and constants, the CPU kernels. */
#ifndef AURA_VALUE_H
#define AURA_VALUE_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/attention/aura_value/aura_value.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_WEIGHTS, T_PACKED, T_NORMS, T_CODEBOOK, T_OUT };
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_BITS };    /* mxb_args.spec of the CPU kernels */

/* CPU kernels, one per instruction set; grid (dim / 32, n_kv_heads), one item = 32 coordinates for all heads that share
 * them. */
void aura_value_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void aura_value_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void aura_value_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
