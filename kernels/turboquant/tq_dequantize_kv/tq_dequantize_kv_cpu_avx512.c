/* tq_dequantize_kv for AVX-512 F, BW, DQ and VL: 16 lanes. */
#if defined(__AVX512F__)
#define KERNEL tq_dequantize_kv_cpu_avx512
#include "kernels/turboquant/tq_dequantize_kv/tq_dequantize_kv_cpu_body.h"
#else
#include "kernels/turboquant/tq_dequantize_kv/tq_dequantize_kv.h"

/* Another architecture: the symbol exists, the device never offers it. */
void tq_dequantize_kv_cpu_avx512(const struct mxb_args *a, int64_t begin, int64_t end)
{
    tq_dequantize_kv_cpu(a, begin, end);
}
#endif
