/* fwht for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL fwht_cpu
#include "kernels/turboquant/fwht/fwht_cpu_body.h"
