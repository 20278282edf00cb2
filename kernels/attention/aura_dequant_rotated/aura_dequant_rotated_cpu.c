/* aura_dequant_rotated for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL aura_dequant_rotated_cpu
#include "kernels/attention/aura_dequant_rotated/aura_dequant_rotated_cpu_body.h"
