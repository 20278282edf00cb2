/* flash_attn_prefill for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL flash_attn_prefill_cpu
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_body.h"
