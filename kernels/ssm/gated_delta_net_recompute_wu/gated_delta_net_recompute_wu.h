/* Private to this folder: the parameter struct, the order of tensors and constants, the CPU kernels. */
#ifndef GATED_DELTA_NET_RECOMPUTE_WU_H
#define GATED_DELTA_NET_RECOMPUTE_WU_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/ssm/gated_delta_net_recompute_wu/gated_delta_net_recompute_wu.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_K, T_V, T_BETA, T_G, T_A, T_W, T_U };   /* tensors = bindings 0..6 */
enum { CHUNK = 64 };                             /* the one chunk length that the dispatcher accepts */

/* CPU kernels, one per instruction set; grid (chunks, v_heads, batch), one item = one chunk of one head. */
void gated_delta_net_recompute_wu_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void gated_delta_net_recompute_wu_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void gated_delta_net_recompute_wu_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
