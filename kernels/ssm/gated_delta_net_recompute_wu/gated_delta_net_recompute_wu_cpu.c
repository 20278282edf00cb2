/* gated_delta_net_recompute_wu for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL gated_delta_net_recompute_wu_cpu
#include "kernels/ssm/gated_delta_net_recompute_wu/gated_delta_net_recompute_wu_cpu_body.h"
