/* aura_flash_pass2 for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL aura_flash_pass2_cpu
#include "kernels/attention/aura_flash_pass2/aura_flash_pass2_cpu_body.h"
