/* aura_encode for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL aura_encode_cpu
#include "kernels/attention/aura_encode/aura_encode_cpu_body.h"
