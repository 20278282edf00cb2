/* Private to this folder: the parameter struct, the order of tensors and constants, the CPU kernels. */
#ifndef FLASH_ATTN_VEC_REDUCE_TQ_HB_UNDO_H
#define FLASH_ATTN_VEC_REDUCE_TQ_HB_UNDO_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/turboquant/flash_attn_vec_reduce_tq_hb_undo/flash_attn_vec_reduce_tq_hb_undo.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_TMP, T_OUT };                           /* tensors = bindings */

/* mxb_args.spec of the CPU kernels: dtypes and the entry's constant; there are no tiles. */
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_DIM };

/* CPU kernels, one per instruction set; grid (nrows), one item = one row. */
void flash_attn_vec_reduce_tq_hb_undo_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void flash_attn_vec_reduce_tq_hb_undo_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void flash_attn_vec_reduce_tq_hb_undo_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
