/* sdpa_decode for AVX2 + FMA + F16C: 8 lanes. */
#if defined(__AVX2__)
#define KERNEL sdpa_decode_cpu_avx2
#define MERGE sdpa_decode_merge_cpu_avx2
#include "kernels/attention/sdpa_decode/sdpa_decode_cpu_body.h"
#else
#include "kernels/attention/sdpa_decode/sdpa_decode.h"

/* Another architecture: the symbols exist, the device never offers them. */
void sdpa_decode_cpu_avx2(const struct mxb_args *a, int64_t begin, int64_t end)
{
    sdpa_decode_cpu(a, begin, end);
}

void sdpa_decode_merge_cpu_avx2(const struct mxb_args *a, int64_t begin, int64_t end)
{
    sdpa_decode_merge_cpu(a, begin, end);
}
#endif
