/* TurboQuant for CPU kernels: signs, codebooks and the fast Walsh-Hadamard transform on vectors of mxb_cpu.h. */
#ifndef TQ_CPU_H
#define TQ_CPU_H
#include "kernels/common/mxb_cpu.h"
#include "kernels/common/tq_tables.h"

enum { TQ_MAX_DIM = 512, TQ_MAX_CENTROIDS = 256 };

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

/* x = c H x, H the unnormalised transform in natural order: butterflies of distance 1, 2, 4 ... dim/2, then one product. */
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

/* All 2^bits centroids in ascending order. */
VF_INLINE void tq_codebook(uint32_t bits, float out[TQ_MAX_CENTROIDS])
{
    static const float half[] = { TQ_CENTROIDS };
    for (uint32_t i = 0; i < 1u << bits; i++)
        out[i] = TQ_CENTROID(half, bits, i);
}

/* All 2^bits - 1 boundaries in ascending order. */
VF_INLINE void tq_boundaries(uint32_t bits, float out[TQ_MAX_CENTROIDS])
{
    static const float half[] = { TQ_BOUNDARIES };
    for (uint32_t i = 0; i + 1 < 1u << bits; i++)
        out[i] = TQ_BOUNDARY(half, bits, i);
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
    typedef uint8_t vb __attribute__((vector_size(VL)));
    vb b;
    memcpy(&b, p, sizeof b);
    return __builtin_convertvector(b, vi);
}
#endif
