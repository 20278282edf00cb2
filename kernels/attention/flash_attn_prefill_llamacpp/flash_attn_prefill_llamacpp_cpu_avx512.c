/* flash_attn_prefill_llamacpp for AVX-512 F, BW, DQ and VL: 16 lanes. */
#if defined(__AVX512F__)
#define KERNEL flash_attn_prefill_llamacpp_cpu_avx512
#include "kernels/attention/flash_attn_prefill_llamacpp/flash_attn_prefill_llamacpp_cpu_body.h"
#else
#include "kernels/attention/flash_attn_prefill_llamacpp/flash_attn_prefill_llamacpp.h"

/* Another architecture: the symbol exists, the device never offers it. */
void flash_attn_prefill_llamacpp_cpu_avx512(const struct mxb_args *a, int64_t begin, int64_t end)
{
    flash_attn_prefill_llamacpp_cpu(a, begin, end);
}
#endif
