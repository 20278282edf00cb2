/* scale_mask_softmax for AVX2 + FMA + F16C: 8 lanes. */
#if defined(__AVX2__)
#define KERNEL scale_mask_softmax_cpu_avx2
#include "kernels/attention/scale_mask_softmax/scale_mask_softmax_cpu_body.h"
#else
#include "kernels/attention/scale_mask_softmax/scale_mask_softmax.h"

/* Another architecture: the symbol exists, the device never offers it. */
void scale_mask_softmax_cpu_avx2(const struct mxb_args *a, int64_t begin, int64_t end)
{
    scale_mask_softmax_cpu(a, begin, end);
}
#endif
