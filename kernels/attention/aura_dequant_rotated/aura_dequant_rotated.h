/* Private to this folder: the parameter struct, the order of tensors and constants, the CPU kernels. */
#ifndef AURA_DEQUANT_ROTATED_H
#define AURA_DEQUANT_ROTATED_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/attention/aura_dequant_rotated/aura_dequant_rotated.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_PACKED, T_NORMS, T_CODEBOOK, T_OUT };
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_BITS };    /* mxb_args.spec of the CPU kernels */

/* CPU kernels, one per instruction set; grid (heads * tokens), one item = one row. */
void aura_dequant_rotated_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void aura_dequant_rotated_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void aura_dequant_rotated_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
