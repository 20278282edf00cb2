/* Private to this folder: the parameter struct, the order of tensors and constants, the CPU kernels. */
#ifndef FLASH_ATTN_VEC_TQ_HB_H
#define FLASH_ATTN_VEC_TQ_HB_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/turboquant/flash_attn_vec_tq_hb/flash_attn_vec_tq_hb.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_Q, T_K_IDX, T_K_NORM, T_V_IDX, T_V_NORM, T_DST };       /* tensors = bindings */
enum { MASK_NONE, MASK_CAUSAL, MASK_SLIDING };   /* parameter mask_type */
enum { CHUNK = 32, MAX_DIM = 512 };              /* slots that one group takes at a time */

/* mxb_args.spec of the CPU kernels: dtypes, the entry's constant, the tile. */
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_DIM, S_ROWS };

/* Slots that are attended, found without a division per slot: [lo0, hi0) and [0, hi1), all below kv_seq_len.  Logical
 * positions [w, kv_seq_len) of the ring are a run of its slots that wraps at most once. */
struct slots { uint32_t lo0, hi0, hi1; };
static inline struct slots attended_slots(const struct flash_attn_vec_tq_hb_params *p)
{
    const uint32_t n = p->kv_seq_len, cap = p->kv_capacity;
    const bool window = p->mask_type == MASK_SLIDING && p->sliding_window > 0 && p->sliding_window < n;
    const uint32_t oldest = window ? n - p->sliding_window : 0, first = (p->ring_start + oldest) % cap;
    const uint32_t end = first + (n - oldest), wrapped = end > cap ? end - cap : 0, straight = end > cap ? cap : end;
    return (struct slots){ first, straight < n ? straight : n, wrapped < n ? wrapped : n };
}

/* CPU kernels, one per instruction set; grid (n_kv_heads * row blocks, nwg), one item = up to ROWS query heads of one
 * key/value head in one group. */
void flash_attn_vec_tq_hb_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void flash_attn_vec_tq_hb_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void flash_attn_vec_tq_hb_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);

/* ---- host side: generator and oracle ---- */

uint32_t flash_attn_vec_tq_hb_dim(const struct mxb_problem *);
/* The rule as the contract states it: slot s < kv_seq_len at logical position L = (s - ring_start) mod kv_capacity is
 * attended where w <= L < kv_seq_len. */
bool flash_attn_vec_tq_hb_attends(const struct flash_attn_vec_tq_hb_params *, uint32_t slot);
bool flash_attn_vec_tq_hb_generate(const struct mxb_gen_ctx *, uint32_t t, void *out);
void flash_attn_vec_tq_hb_reference(const struct mxb_problem *, const struct mxb_ref *, int64_t r0, int64_t r1);
#endif
