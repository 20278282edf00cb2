/* Small tables of f32 for CPU kernels, looked up lane by lane. */
#ifndef LOOKUP_CPU_H
#define LOOKUP_CPU_H
#include "kernels/common/mxb_cpu.h"

#if defined(VF_AVX512)
VF_INLINE vf vf_lookup_32(const float *t, vi i)
{
    return _mm512_permutex2var_ps(_mm512_loadu_ps(t), (__m512i)i, _mm512_loadu_ps(t + 16));
}

VF_INLINE vf vf_lookup_64(const float *t, vi i)
{
    const __mmask16 upper = _mm512_test_epi32_mask((__m512i)i, _mm512_set1_epi32(32));
    return _mm512_mask_blend_ps(upper, vf_lookup_32(t, i), vf_lookup_32(t + 32, i));
}

VF_INLINE vf vf_lookup_128(const float *t, vi i)
{
    const __mmask16 upper = _mm512_test_epi32_mask((__m512i)i, _mm512_set1_epi32(64));
    return _mm512_mask_blend_ps(upper, vf_lookup_64(t, i), vf_lookup_64(t + 64, i));
}
#endif

/* table[index] per lane of a table of n numbers, n a power of two up to 128 and best a constant; at least 16 can be read.  On
 * AVX-512 by permutations of the table in registers: a gather takes some 40 cycles on Zen 4. */
VF_INLINE vf vf_lookup(const float *table, int n, vi index)
{
#if defined(VF_AVX512)
    if (n <= 16) return _mm512_permutexvar_ps((__m512i)index, _mm512_loadu_ps(table));
    if (n == 32) return vf_lookup_32(table, index);
    if (n == 64) return vf_lookup_64(table, index);
    return vf_lookup_128(table, index);
#elif defined(VF_AVX2)
    (void)n;
    return _mm256_i32gather_ps(table, (__m256i)index, 4);
#else
    vf v;
    (void)n;
    for (int l = 0; l < VL; l++)
        v[l] = table[index[l]];
    return v;
#endif
}
#endif
