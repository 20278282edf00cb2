/* flash_attn_vec_tq_hb for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL flash_attn_vec_tq_hb_cpu
#include "kernels/turboquant/flash_attn_vec_tq_hb/flash_attn_vec_tq_hb_cpu_body.h"
