/* aura_value for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL aura_value_cpu
#include "kernels/attention/aura_value/aura_value_cpu_body.h"
