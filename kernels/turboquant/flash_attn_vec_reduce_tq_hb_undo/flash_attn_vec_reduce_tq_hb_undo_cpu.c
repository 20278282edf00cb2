/* flash_attn_vec_reduce_tq_hb_undo for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL flash_attn_vec_reduce_tq_hb_undo_cpu
#include "kernels/turboquant/flash_attn_vec_reduce_tq_hb_undo/flash_attn_vec_reduce_tq_hb_undo_cpu_body.h"
