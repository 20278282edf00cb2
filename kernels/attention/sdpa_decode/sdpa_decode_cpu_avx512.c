/* sdpa_decode for AVX-512 F, BW, DQ and VL: 16 lanes. */
#if defined(__AVX512F__)
#define KERNEL sdpa_decode_cpu_avx512
#define MERGE sdpa_decode_merge_cpu_avx512
#include "kernels/attention/sdpa_decode/sdpa_decode_cpu_body.h"
#else
#include "kernels/attention/sdpa_decode/sdpa_decode.h"

/* Another architecture: the symbols exist, the device never offers them. */
void sdpa_decode_cpu_avx512(const struct mxb_args *a, int64_t begin, int64_t end)
{
    sdpa_decode_cpu(a, begin, end);
}

void sdpa_decode_merge_cpu_avx512(const struct mxb_args *a, int64_t begin, int64_t end)
{
    sdpa_decode_merge_cpu(a, begin, end);
}
#endif
