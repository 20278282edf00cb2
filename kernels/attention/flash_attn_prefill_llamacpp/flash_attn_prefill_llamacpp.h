/* Private to this folder: the parameter struct, the order of constants, the CPU kernels. */
#ifndef FLASH_ATTN_PREFILL_LLAMACPP_H
#define FLASH_ATTN_PREFILL_LLAMACPP_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/attention/flash_attn_prefill_llamacpp/flash_attn_prefill_llamacpp.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_Q, T_K, T_V, T_O, T_MASK, T_BLK };      /* tensors = bindings 0..5 */
enum { MASK_NONE, MASK_RANK2, MASK_RANK4 };      /* parameter mask */
enum { HEAD_DIM = 512, TILE_ROWS = 8, TILE_KEYS = 64 };      /* query rows per workgroup or item; keys per tile of blk */

/* mxb_args.spec of the CPU kernels: the entry's dtypes (Q, K and V; the same; mask) and constants; the rest is not used. */
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_BD, S_BOOLMASK };

/* CPU kernels, one per instruction set; grid (tiles of 8 query rows, n_heads, batch). */
void flash_attn_prefill_llamacpp_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void flash_attn_prefill_llamacpp_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void flash_attn_prefill_llamacpp_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
