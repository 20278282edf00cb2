/* Private to this folder: the parameter struct, the order of tensors and constants, the CPU kernels. */
#ifndef AURA_ENCODE_H
#define AURA_ENCODE_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/attention/aura_encode/aura_encode.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_INPUT, T_ROTATION, T_BOUNDARIES, T_CODEBOOK, T_PACKED, T_NORMS };
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_BITS };    /* mxb_args.spec of the CPU kernels */

/* CPU kernels, one per instruction set; grid (rows / 4), one item = four rows. */
void aura_encode_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void aura_encode_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void aura_encode_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
