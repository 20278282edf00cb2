/* Private to this folder: the parameter struct, the order of constants, the CPU kernel. */
#ifndef FLASH_ATTN_PREFILL_MASK_FILL_H
#define FLASH_ATTN_PREFILL_MASK_FILL_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/attention/flash_attn_prefill_mask_fill/flash_attn_prefill_mask_fill.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_MASK };                                 /* tensors = bindings */

/* Grid (seq_len_q), one item = one row of the mask. */
void flash_attn_prefill_mask_fill_cpu(const struct mxb_args *, int64_t begin, int64_t end);
#endif
