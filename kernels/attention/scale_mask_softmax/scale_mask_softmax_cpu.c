/* scale_mask_softmax for any processor: 4 lanes (SSE2, NEON). */
#define KERNEL scale_mask_softmax_cpu
#include "kernels/attention/scale_mask_softmax/scale_mask_softmax_cpu_body.h"
