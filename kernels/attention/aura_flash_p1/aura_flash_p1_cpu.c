/* aura_flash_p1 for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL aura_flash_p1_cpu
#include "kernels/attention/aura_flash_p1/aura_flash_p1_cpu_body.h"
