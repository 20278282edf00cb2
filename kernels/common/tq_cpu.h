/* TurboQuant for CPU kernels: signs, codebooks and the fast Walsh-Hadamard transform on vectors of mxb_cpu.h. */
#ifndef TQ_CPU_H
#define TQ_CPU_H
#include "kernels/common/lookup_cpu.h"
#include "kernels/common/tq_tables.h"

enum { TQ_MAX_DIM = 512 };

VF_INLINE float tq_inv_sqrt(int dim) { return dim == 256 ? TQ_INV_SQRT_256 : TQ_INV_SQRT_512; }

/* -0.0 in the lanes j .. j+VL-1 whose sign is negative, for an exclusive or; j is a multiple of VL. */
VF_INLINE vu tq_sign_bits(uint32_t j)
{
    static const uint32_t word[] = { TQ_SIGN_WORDS };
    return ((vu)vi_set1((int32_t)(word[j / 32] >> j % 32)) >> (vu)vi_iota()) << 31;
}

/* x[j] = sign j times x[j] for j in [0,dim). */
VF_INLINE void tq_flip_signs(float *x, int dim)
{
    for (int j = 0; j < dim; j += VL)
        vf_store_f32(x + j, (vf)((vu)vf_load_f32(x + j) ^ tq_sign_bits((uint32_t)j)));
}

/* Lane l of the result is lane l ^ h of v; h is a power of two below VL. */
VF_INLINE vf vf_swap_lanes(vf v, int h)
{
#if defined(__clang__)
    vf r;
    for (int l = 0; l < VL; l++)
        r[l] = v[l ^ h];
    return r;
#else
    return __builtin_shuffle(v, vi_iota() ^ h);
#endif
}

/* Lane l with bit h clear: v[l] + v[l+h]; set: v[l-h] - v[l]. */
VF_INLINE vf tq_butterfly_lanes(vf v, int h)
{
    const vu minus = (vu)((vi_iota() & h) != 0) << 31;
    return vf_swap_lanes(v, h) + (vf)((vu)v ^ minus);
}

/* x = c H x, H the unnormalised transform in natural order: butterflies of distance 1, 2, 4 ... dim/2, then one
 * product. */
VF_INLINE void tq_fwht(float *x, int dim, float c)
{
    for (int i = 0; i < dim; i += VL) {
        vf v = vf_load_f32(x + i);
        VF_UNROLL
        for (int h = 1; h < VL; h *= 2)
            v = tq_butterfly_lanes(v, h);
        vf_store_f32(x + i, v);
    }
    for (int h = VL; h < dim; h *= 2) {
        const vf scale = vf_set1(2 * h == dim ? c : 1);      /* by 1 in all but the last round: exact */
        for (int lo = 0; lo < dim; lo += 2 * h)
            for (int i = lo; i < lo + h; i += VL) {
                const vf a = vf_load_f32(x + i), b = vf_load_f32(x + i + h);
                vf_store_f32(x + i, (a + b) * scale);
                vf_store_f32(x + i + h, (a - b) * scale);
            }
    }
}

/* table[index] per lane. */
VF_INLINE vf vf_gather(const float *table, vi index)
{
#if defined(VF_AVX512)
    return _mm512_i32gather_ps((__m512i)index, table, 4);
#elif defined(VF_AVX2)
    return _mm256_i32gather_ps(table, (__m256i)index, 4);
#else
    vf v;
    for (int l = 0; l < VL; l++)
        v[l] = table[index[l]];
    return v;
#endif
}

/* VL bytes, widened. */
VF_INLINE vi vi_load_u8(const uint8_t *p)
{
#if defined(VF_AVX512)                               /* gcc 12 converts lane by lane */
    return (vi)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
#elif defined(VF_AVX2)
    return (vi)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
#else
    typedef uint8_t vb __attribute__((vector_size(VL)));
    vb b;
    memcpy(&b, p, sizeof b);
    return __builtin_convertvector(b, vi);
#endif
}

/* Centroids of the indices 0 .. 2^bits - 1.  Index half + k mirrors half - 1 - k, and ~x is -x - 1. */
VF_INLINE vf tq_decode(uint32_t bits, vi index)
{
    static const float centroid[] = { TQ_CENTROIDS };
    const vi x = index - (int32_t)(1u << (bits - 1)), negative = x >> 31;
    return (vf)((vu)vf_lookup(centroid + TQ_HALF(bits), 1 << (bits - 1), x ^ negative) ^ (vu)negative << 31);
}

/* Number of boundaries below v, a binary search over the magnitudes: above 0 those smaller than |v| count and all of
 * the negative half; from 0 down, those that |v| reaches do not count, and 0 itself not.  NaN gives 0. */
VF_INLINE vi tq_index(uint32_t bits, vf v)
{
    static const float boundary[] = { TQ_BOUNDARIES };
    const int32_t half = (int32_t)(1u << (bits - 1));
    const vi positive = v > 0;
    const vf a = (vf)((vu)v & 0x7fffffff);
    vi n = { 0 };
    for (int32_t step = half / 2; step > 0; step /= 2) {
        const vf t = vf_gather(boundary + TQ_HALF(bits), n + (step - 1));
        n += ((a > t) | (~positive & (a == t))) & step;
    }
    return ((positive & (half + n)) | (~positive & (half - 1 - n))) & (v == v);
}
#endif
