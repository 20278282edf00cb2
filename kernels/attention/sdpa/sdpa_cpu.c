/* sdpa for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL sdpa_cpu
#include "kernels/attention/sdpa/sdpa_cpu_body.h"
