/* aura_score for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL aura_score_cpu
#include "kernels/attention/aura_score/aura_score_cpu_body.h"
