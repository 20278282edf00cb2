/* rms_norm for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL rms_norm_cpu
#include "kernels/norm/rms_norm/rms_norm_cpu_body.h"
