/* kv_cache_copy for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL kv_cache_copy_cpu
#include "kernels/kv_cache/kv_cache_copy/kv_cache_copy_cpu_body.h"
