/* Private to this folder: the parameter struct, the order of constants, the CPU kernels. */
#ifndef FLASH_ATTN_VEC_REDUCE_H
#define FLASH_ATTN_VEC_REDUCE_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/attention/flash_attn_vec_reduce/flash_attn_vec_reduce.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_TMP, T_OUT };                           /* tensors = bindings 0, 1 */

/* mxb_args.spec of the CPU kernels: the entry's dtypes (all f32) and head dimension; there are no tiles. */
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_BD };

/* CPU kernels, one per instruction set; grid (nrows), one item = one row. */
void flash_attn_vec_reduce_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void flash_attn_vec_reduce_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void flash_attn_vec_reduce_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
