/* hadamard_quantize_kv for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL hadamard_quantize_kv_cpu
#include "kernels/turboquant/hadamard_quantize_kv/hadamard_quantize_kv_cpu_body.h"
