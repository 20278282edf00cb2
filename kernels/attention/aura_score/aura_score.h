/* Private to this folder: the parameter struct, the order of tensors and constants, the CPU kernels. */
#ifndef AURA_SCORE_H
#define AURA_SCORE_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/attention/aura_score/aura_score.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_Q, T_PACKED, T_NORMS, T_CODEBOOK, T_SCORES };
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_BITS };    /* mxb_args.spec of the CPU kernels */

/* CPU kernels, one per instruction set; grid (tokens / 64, n_kv_heads), one item = 64 tokens for all heads that share
 * them. */
void aura_score_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void aura_score_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void aura_score_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
