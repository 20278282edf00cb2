/* Private to this folder: the parameter struct, the order of constants, the CPU kernels. */
#ifndef FLASH_ATTN_VEC_H
#define FLASH_ATTN_VEC_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/attention/flash_attn_vec/flash_attn_vec.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_Q, T_K, T_V, T_TMP };                   /* tensors = bindings 0..3 */
enum { MASK_NONE, MASK_CAUSAL, MASK_SLIDING };   /* parameter mask_type */

/* mxb_args.spec of the CPU kernels: the entry's dtypes (Q and tmp, K and V, unused) and head dimension, the tiles. */
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_BD, S_ROWS, S_GROUPS };

/* CPU kernels, one per instruction set; grid (n_kv_heads * row blocks, ceil(nwg / GROUPS)), one item = up to ROWS query heads
 * of one key/value head in GROUPS groups. */
void flash_attn_vec_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void flash_attn_vec_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void flash_attn_vec_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
