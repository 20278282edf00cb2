/* hadamard_quantize_kv for AVX2 + FMA + F16C: 8 lanes. */
#if defined(__AVX2__)
#define KERNEL hadamard_quantize_kv_cpu_avx2
#include "kernels/turboquant/hadamard_quantize_kv/hadamard_quantize_kv_cpu_body.h"
#else
#include "kernels/turboquant/hadamard_quantize_kv/hadamard_quantize_kv.h"

/* Another architecture: the symbol exists, the device never offers it. */
void hadamard_quantize_kv_cpu_avx2(const struct mxb_args *a, int64_t begin, int64_t end)
{
    hadamard_quantize_kv_cpu(a, begin, end);
}
#endif
