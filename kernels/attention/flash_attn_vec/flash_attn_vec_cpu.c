/* flash_attn_vec for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL flash_attn_vec_cpu
#include "kernels/attention/flash_attn_vec/flash_attn_vec_cpu_body.h"
