/* kv_cache_copy for AVX2 + FMA + F16C: 8 lanes. */
#if defined(__AVX2__)
#define KERNEL kv_cache_copy_cpu_avx2
#include "kernels/kv_cache/kv_cache_copy/kv_cache_copy_cpu_body.h"
#else
#include "kernels/kv_cache/kv_cache_copy/kv_cache_copy.h"

/* Another architecture: the symbol exists, the device never offers it. */
void kv_cache_copy_cpu_avx2(const struct mxb_args *a, int64_t begin, int64_t end)
{
    kv_cache_copy_cpu(a, begin, end);
}
#endif
