/* flash_attn_prefill in f16 for AVX-512 FP16: both products in short sums of f16, weights narrowed to f16. */
#if defined(__AVX512FP16__)
#define HALVES
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_tile.h"

typedef __m512h half;

VF_INLINE half half_load(const operand *p) { return _mm512_loadu_ph(p); }

VF_INLINE half half_set1(const operand *w)
{
    _Float16 x;
    memcpy(&x, w, sizeof x);
    return _mm512_set1_ph(x);
}

VF_INLINE half half_mul(const operand *w, half v) { return _mm512_mul_ph(half_set1(w), v); }
VF_INLINE half half_fma(const operand *w, half v, half sum) { return _mm512_fmadd_ph(half_set1(w), v, sum); }

VF_INLINE void half_widen(half h, vf *lower, vf *upper)
{
    *lower = _mm512_cvtph_ps(_mm512_castsi512_si256((__m512i)h));
    *upper = _mm512_cvtph_ps(_mm512_extracti64x4_epi64((__m512i)h, 1));
}

#define KERNEL flash_attn_prefill_cpu_avx512_fp16
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_body.h"
#else
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill.h"

/* A compiler or architecture without these instructions: the symbol exists, the implementation is SKIP. */
void flash_attn_prefill_cpu_avx512_fp16(const struct mxb_args *a, int64_t begin, int64_t end)
{
    flash_attn_prefill_cpu(a, begin, end);
}
#endif
