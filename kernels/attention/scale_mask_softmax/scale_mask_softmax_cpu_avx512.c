/* scale_mask_softmax for AVX-512 F, BW, DQ and VL: 16 lanes. */
#if defined(__AVX512F__)
#define KERNEL scale_mask_softmax_cpu_avx512
#include "kernels/attention/scale_mask_softmax/scale_mask_softmax_cpu_body.h"
#else
#include "kernels/attention/scale_mask_softmax/scale_mask_softmax.h"

/* Another architecture: the symbol exists, the device never offers it. */
void scale_mask_softmax_cpu_avx512(const struct mxb_args *a, int64_t begin, int64_t end)
{
    scale_mask_softmax_cpu(a, begin, end);
}
#endif
