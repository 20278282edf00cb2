/* Private to this folder: the parameter struct, the order of constants, the CPU kernels. */
#ifndef FLASH_ATTN_PREFILL_H
#define FLASH_ATTN_PREFILL_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/attention/flash_attn_prefill/flash_attn_prefill.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_Q, T_K, T_V, T_O, T_MASK, T_BLK };      /* tensors = bindings 0..5 */

/* mxb_args.spec of the CPU kernels: the entry's three dtypes and constants, the contract constants (ids 200, 201, 300,
 * 301, 303), the tiles (1000, 1001). */
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_BD, S_BOOLMASK,
       S_ALIGN_Q, S_ALIGN_K, S_HAS_MASK, S_DO_CAUSAL, S_HAS_BLK, S_BQ, S_BK };

/* Products that flash_attn_prefill_cpu_avx512_fp16 adds in f16 at most, before it goes on in f32. */
enum { SHORT_SUM = 16 };

/* CPU kernels, one per instruction set; grid (ceil(seq_len_q / BQ), n_heads, batch), one item = one query tile. */
void flash_attn_prefill_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void flash_attn_prefill_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void flash_attn_prefill_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
/* These narrow the weights to bf16 and take bf16 alone. */
void flash_attn_prefill_cpu_avx512_bf16(const struct mxb_args *, int64_t begin, int64_t end);
void flash_attn_prefill_cpu_amx(const struct mxb_args *, int64_t begin, int64_t end);
/* This one narrows the weights to f16, adds in f16, and takes f16 alone. */
void flash_attn_prefill_cpu_avx512_fp16(const struct mxb_args *, int64_t begin, int64_t end);
#endif
