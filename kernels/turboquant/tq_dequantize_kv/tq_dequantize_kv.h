/* Private to this folder: the parameter struct, the order of tensors and constants, the CPU kernels. */
#ifndef TQ_DEQUANTIZE_KV_H
#define TQ_DEQUANTIZE_KV_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/turboquant/tq_dequantize_kv/tq_dequantize_kv.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_PACKED, T_NORMS, T_DST };               /* tensors = bindings */

/* mxb_args.spec of the CPU kernels: dtypes and the entry's constant; there are no tiles. */
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_NIBBLES };

/* CPU kernels, one per instruction set; grid (num_kv_heads), one item = one vector. */
void tq_dequantize_kv_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void tq_dequantize_kv_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void tq_dequantize_kv_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
