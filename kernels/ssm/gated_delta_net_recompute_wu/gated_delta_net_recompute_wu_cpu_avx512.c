/* gated_delta_net_recompute_wu for AVX-512: 16 lanes. */
#if defined(__AVX512F__)
#define KERNEL gated_delta_net_recompute_wu_cpu_avx512
#include "kernels/ssm/gated_delta_net_recompute_wu/gated_delta_net_recompute_wu_cpu_body.h"
#else
#include "kernels/ssm/gated_delta_net_recompute_wu/gated_delta_net_recompute_wu.h"

/* Another architecture: the symbol exists, the device never offers it. */
void gated_delta_net_recompute_wu_cpu_avx512(const struct mxb_args *a, int64_t begin, int64_t end)
{
    gated_delta_net_recompute_wu_cpu(a, begin, end);
}
#endif
