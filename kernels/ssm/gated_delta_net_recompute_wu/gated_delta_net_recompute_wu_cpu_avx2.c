/* gated_delta_net_recompute_wu for AVX2 + FMA + F16C: 8 lanes. */
#if defined(__AVX2__)
#define KERNEL gated_delta_net_recompute_wu_cpu_avx2
#include "kernels/ssm/gated_delta_net_recompute_wu/gated_delta_net_recompute_wu_cpu_body.h"
#else
#include "kernels/ssm/gated_delta_net_recompute_wu/gated_delta_net_recompute_wu.h"

/* Another architecture: the symbol exists, the device never offers it. */
void gated_delta_net_recompute_wu_cpu_avx2(const struct mxb_args *a, int64_t begin, int64_t end)
{
    gated_delta_net_recompute_wu_cpu(a, begin, end);
}
#endif
