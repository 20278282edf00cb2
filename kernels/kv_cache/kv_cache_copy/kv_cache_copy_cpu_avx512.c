/* kv_cache_copy for AVX-512 F, BW, DQ and VL: 16 lanes. */
#if defined(__AVX512F__)
#define KERNEL kv_cache_copy_cpu_avx512
#include "kernels/kv_cache/kv_cache_copy/kv_cache_copy_cpu_body.h"
#else
#include "kernels/kv_cache/kv_cache_copy/kv_cache_copy.h"

/* Another architecture: the symbol exists, the device never offers it. */
void kv_cache_copy_cpu_avx512(const struct mxb_args *a, int64_t begin, int64_t end)
{
    kv_cache_copy_cpu(a, begin, end);
}
#endif
