/* flash_attn_prefill in bf16 for AVX-512 BF16: both products by vdpbf16ps, weights narrowed to bf16. */
#if defined(__AVX512BF16__)
#define KERNEL flash_attn_prefill_cpu_avx512_bf16
#define PAIRS
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_body.h"
#else
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill.h"

/* A compiler or architecture without these instructions: the symbol exists, the implementation is SKIP. */
void flash_attn_prefill_cpu_avx512_bf16(const struct mxb_args *a, int64_t begin, int64_t end)
{
    flash_attn_prefill_cpu(a, begin, end);
}
#endif
