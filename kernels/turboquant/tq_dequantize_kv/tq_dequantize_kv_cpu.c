/* tq_dequantize_kv for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL tq_dequantize_kv_cpu
#include "kernels/turboquant/tq_dequantize_kv/tq_dequantize_kv_cpu_body.h"
