/* flash_attn_prefill_llamacpp for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL flash_attn_prefill_llamacpp_cpu
#include "kernels/attention/flash_attn_prefill_llamacpp/flash_attn_prefill_llamacpp_cpu_body.h"
