/* tq_dequantize_kv for AVX2 + FMA + F16C: 8 lanes. */
#if defined(__AVX2__)
#define KERNEL tq_dequantize_kv_cpu_avx2
#include "kernels/turboquant/tq_dequantize_kv/tq_dequantize_kv_cpu_body.h"
#else
#include "kernels/turboquant/tq_dequantize_kv/tq_dequantize_kv.h"

/* Another architecture: the symbol exists, the device never offers it. */
void tq_dequantize_kv_cpu_avx2(const struct mxb_args *a, int64_t begin, int64_t end)
{
    tq_dequantize_kv_cpu(a, begin, end);
}
#endif
