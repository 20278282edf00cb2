/* flash_attn_vec_reduce for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL flash_attn_vec_reduce_cpu
#include "kernels/attention/flash_attn_vec_reduce/flash_attn_vec_reduce_cpu_body.h"
