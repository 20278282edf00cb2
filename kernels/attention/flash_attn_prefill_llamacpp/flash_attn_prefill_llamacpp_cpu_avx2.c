/* flash_attn_prefill_llamacpp for AVX2 + FMA + F16C: 8 lanes. */
#if defined(__AVX2__)
#define KERNEL flash_attn_prefill_llamacpp_cpu_avx2
#include "kernels/attention/flash_attn_prefill_llamacpp/flash_attn_prefill_llamacpp_cpu_body.h"
#else
#include "kernels/attention/flash_attn_prefill_llamacpp/flash_attn_prefill_llamacpp.h"

/* Another architecture: the symbol exists, the device never offers it. */
void flash_attn_prefill_llamacpp_cpu_avx2(const struct mxb_args *a, int64_t begin, int64_t end)
{
    flash_attn_prefill_llamacpp_cpu(a, begin, end);
}
#endif
