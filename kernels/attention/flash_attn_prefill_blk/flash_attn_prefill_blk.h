/* Private to this folder: the parameter struct, the order of constants, the CPU kernel. */
#ifndef FLASH_ATTN_PREFILL_BLK_H
#define FLASH_ATTN_PREFILL_BLK_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/attention/flash_attn_prefill_blk/flash_attn_prefill_blk.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_MASK, T_BLK };                          /* tensors = bindings */
enum { FILL_WINDOW, FILL_RANDOM, FILL_CHECKER, FILL_BIAS, FILL_FULL };   /* mask_fill */

/* mxb_args.spec of the CPU kernel: the entry's dtypes, the contract constants (ids 400, 401). */
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_BQ, S_BK };

/* Grid (ceil(seq_len_q / BQ)), one item = one row of tiles. */
void flash_attn_prefill_blk_cpu(const struct mxb_args *, int64_t begin, int64_t end);
#endif
