/* Private to the host side of flash_attn_prefill: what its tables, generators and oracle share. */
#ifndef FLASH_ATTN_PREFILL_HOST_H
#define FLASH_ATTN_PREFILL_HOST_H
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill.h"

enum { MASK_NONE, MASK_RANK2, MASK_RANK4 };                                      /* parameter mask */
enum { CONTENT_WINDOW, CONTENT_RANDOM, CONTENT_CHECKER, CONTENT_BIAS, CONTENT_FULL };   /* parameter mask_fill */
enum { HEAD_DIM_MAX = 512 };

/* Head dimension: the entry's constant BD. */
uint32_t flash_attn_prefill_head_dim(const struct mxb_entry *);
/* The keys [lo,hi) that the causal rule and a window mask leave to query row q; lo <= hi. */
void flash_attn_prefill_keys(const struct flash_attn_prefill_params *, uint32_t q, uint32_t *lo, uint32_t *hi);
/* scale * log2(e) as kernels have it: rounded to f32, and with narrow_q to T. */
double flash_attn_prefill_alpha(const struct mxb_problem *);

bool flash_attn_prefill_generate(const struct mxb_gen_ctx *, uint32_t t, void *out);
void flash_attn_prefill_reference(const struct mxb_problem *, const struct mxb_ref *t, int64_t r0, int64_t r1);
#endif
