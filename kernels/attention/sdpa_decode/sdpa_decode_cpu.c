/* sdpa_decode for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL sdpa_decode_cpu
#define MERGE sdpa_decode_merge_cpu
#include "kernels/attention/sdpa_decode/sdpa_decode_cpu_body.h"
