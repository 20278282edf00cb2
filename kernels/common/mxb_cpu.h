/* Vectors of f32 for CPU kernels: `vf` holds VL lanes, VL chosen by the flags the including file is compiled with (16 for
 * AVX-512, 8 for AVX2 + FMA + F16C, 4 otherwise).  Loads widen exactly from the storage type, stores round once to
 * nearest even.  Subnormals are kept, NaN stays NaN.  The same code serves every width: operators are the compilers'
 * vector extensions, intrinsics stand only where those have no good form. */
#ifndef MXB_CPU_H
#define MXB_CPU_H
#include <stdbool.h>
#include <string.h>
#include "harness/mxb_types.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#include <immintrin.h>
#define VF_AVX512 1
enum { VL = 16 };
#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include <immintrin.h>
#define VF_AVX2 1
enum { VL = 8 };
#else
#if defined(__aarch64__)
#include <arm_neon.h>
#endif
enum { VL = 4 };
#endif

typedef float    vf __attribute__((vector_size(4 * VL)));
typedef int32_t  vi __attribute__((vector_size(4 * VL)));   /* also the type of a comparison: -1 true, 0 false */
typedef uint32_t vu __attribute__((vector_size(4 * VL)));
typedef uint16_t vh __attribute__((vector_size(2 * VL)));   /* VL values of a 16-bit storage type */

#define VF_INLINE static inline __attribute__((always_inline))
/* Before a loop of constant length over an array of vectors: it must vanish for the array to stay in registers. */
#if defined(__clang__)
#define VF_UNROLL _Pragma("clang loop unroll(full)")
#else
#define VF_UNROLL _Pragma("GCC unroll 16")
#endif

VF_INLINE vf vf_set1(float x) { return x - (vf){ 0 }; }     /* x - 0 keeps the sign of a zero, x + 0 would not */
VF_INLINE vi vi_set1(int32_t x) { return x + (vi){ 0 }; }
VF_INLINE vi vi_iota(void)
{
    vi v;
    for (int i = 0; i < VL; i++)
        v[i] = i;
    return v;
}

VF_INLINE vf vf_select(vi mask, vf a, vf b) { return (vf)((mask & (vi)a) | (~mask & (vi)b)); }

/* a * b + c, rounded once where the processor can. */
VF_INLINE vf vf_fma(vf a, vf b, vf c)
{
#if defined(VF_AVX512)
    return _mm512_fmadd_ps(a, b, c);
#elif defined(VF_AVX2)
    return _mm256_fmadd_ps(a, b, c);
#elif defined(__aarch64__)
    return vfmaq_f32(c, a, b);
#else
    return a * b + c;
#endif
}

/* a > b ? a : b and a < b ? a : b: the result is b where either is NaN. */
VF_INLINE vf vf_max(vf a, vf b)
{
#if defined(VF_AVX512)
    return _mm512_max_ps(a, b);
#elif defined(VF_AVX2)
    return _mm256_max_ps(a, b);
#else
    return vf_select(a > b, a, b);
#endif
}

VF_INLINE vf vf_min(vf a, vf b)
{
#if defined(VF_AVX512)
    return _mm512_min_ps(a, b);
#elif defined(VF_AVX2)
    return _mm256_min_ps(a, b);
#else
    return vf_select(a < b, a, b);
#endif
}

VF_INLINE bool vi_any(vi mask)
{
#if defined(VF_AVX512)
    return _mm512_movepi32_mask((__m512i)mask) != 0;
#elif defined(VF_AVX2)
    return _mm256_movemask_ps((__m256)mask) != 0;
#else
    int32_t any = 0;
    for (int i = 0; i < VL; i++)
        any |= mask[i];
    return any != 0;
#endif
}

/* Sum of the lanes, pairwise: lane i plus lane i + VL/2, and so on. */
VF_INLINE float vf_sum(vf v)
{
#if defined(VF_AVX512)
    return _mm512_reduce_add_ps(v);
#elif defined(VF_AVX2)
    __m128 h = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    h = _mm_add_ps(h, _mm_movehl_ps(h, h));
    return _mm_cvtss_f32(_mm_add_ss(h, _mm_movehdup_ps(h)));
#else
    return (v[0] + v[2]) + (v[1] + v[3]);
#endif
}

/* The largest lane of v, which has no NaN. */
VF_INLINE float vf_max_lane(vf v)
{
#if defined(VF_AVX512)
    return _mm512_reduce_max_ps(v);
#else
    float most = v[0];
    for (int i = 1; i < VL; i++)
        most = v[i] > most ? v[i] : most;
    return most;
#endif
}

/* f16 <-> f32.  Without an instruction for it: rescale the exponent by a multiplication, which also normalises
 * subnormals; narrow by integer rounding, or, below the smallest normal, by adding a number whose last bit is 2^-24. */
VF_INLINE vf vf_from_f16(vh h)
{
#if defined(VF_AVX512)
    return _mm512_cvtph_ps((__m256i)h);
#elif defined(VF_AVX2)
    return _mm256_cvtph_ps((__m128i)h);
#elif defined(__aarch64__)
    return vcvt_f32_f16(vreinterpret_f16_u16(h));
#else
    const vu u = __builtin_convertvector(h, vu), sign = (u & 0x8000) << 16;
    const vf mag = (vf)((u & 0x7fff) << 13) * 0x1p112f;
    const vi special = (u & 0x7c00) == 0x7c00;                     /* inf and NaN: exponent all ones in f32 too */
    return (vf)(sign | (vu)mag | ((vu)special & 0x7f800000));
#endif
}

VF_INLINE vh vf_to_f16(vf v)
{
#if defined(VF_AVX512)
    return (vh)_mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
#elif defined(VF_AVX2)
    return (vh)_mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
#elif defined(__aarch64__)
    return vreinterpret_u16_f16(vcvt_f16_f32(v));
#else
    const vu u = (vu)v, sign = (u >> 16) & 0x8000, mag = u & 0x7fffffff;
    const vu normal = (mag + 0xfff + ((mag >> 13) & 1) - (112u << 23)) >> 13;
    const vu small = (vu)((vf)mag + 0.5f) - 0x3f000000;
    const vu huge = 0x7c00 | ((vu)((vi)mag > 0x7f800000) & 0x200);
    vu r = (vu)vf_select((vi)mag < 0x38800000, (vf)small, (vf)normal);        /* below 2^-14 */
    r = (vu)vf_select((vi)mag >= 0x477ff000, (vf)huge, (vf)r);                /* from 65520 */
    return __builtin_convertvector(sign | r, vh);
#endif
}

VF_INLINE vf vf_from_bf16(vh h) { return (vf)(__builtin_convertvector(h, vu) << 16); }

/* The bf16 value nearest to v, in the upper half of each lane; every NaN becomes 0x7fc0. */
VF_INLINE vu vf_bf16_bits(vf v)
{
    const vu u = (vu)v, r = (u + 0x7fff + ((u >> 16) & 1)) & 0xffff0000;
    return (vu)vf_select(v == v, (vf)r, (vf)(vi_set1(0x7fc00000)));
}

VF_INLINE vh vf_to_bf16(vf v) { return __builtin_convertvector(vf_bf16_bits(v) >> 16, vh); }

VF_INLINE vf vf_load_f32(const float *p) { vf v; memcpy(&v, p, sizeof v); return v; }
VF_INLINE void vf_store_f32(float *p, vf v) { memcpy(p, &v, sizeof v); }

/* Elements i .. i+VL-1 of an array stored as dt: f32, f16 or bf16.  Fast only where dt is a constant. */
VF_INLINE vf vf_load(enum mxb_dtype dt, const void *base, int64_t i)
{
    vh h;
    if (dt == MXB_F32) {
        return vf_load_f32((const float *)base + i);
    }
    memcpy(&h, (const uint16_t *)base + i, sizeof h);
    return dt == MXB_F16 ? vf_from_f16(h) : vf_from_bf16(h);
}

VF_INLINE void vf_store(enum mxb_dtype dt, void *base, int64_t i, vf v)
{
    if (dt == MXB_F32) {
        vf_store_f32((float *)base + i, v);
        return;
    }
    const vh h = dt == MXB_F16 ? vf_to_f16(v) : vf_to_bf16(v);
    memcpy((uint16_t *)base + i, &h, sizeof h);
}

/* The same for the first n < VL of those elements; the other lanes read as 0. */
VF_INLINE vf vf_load_part(enum mxb_dtype dt, const void *base, int64_t i, int64_t n)
{
    const size_t size = dt == MXB_F32 ? 4 : 2;
    char part[sizeof(vf)] = { 0 };
    memcpy(part, (const char *)base + (size_t)i * size, (size_t)n * size);
    return vf_load(dt, part, 0);
}

VF_INLINE void vf_store_part(enum mxb_dtype dt, void *base, int64_t i, int64_t n, vf v)
{
    const size_t size = dt == MXB_F32 ? 4 : 2;
    char part[sizeof(vf)];
    vf_store(dt, part, 0, v);
    memcpy((char *)base + (size_t)i * size, part, (size_t)n * size);
}

/* The same past the caches, where the processor has such a store; the address must be a multiple of the bytes stored.  Threads
 * that are to see it need vf_stream_end() on this one first. */
VF_INLINE void vf_stream(enum mxb_dtype dt, void *base, int64_t i, vf v)
{
#if defined(VF_AVX512)
    if (dt == MXB_F32) _mm512_stream_ps((float *)base + i, v);
    else _mm256_stream_si256((__m256i *)((uint16_t *)base + i), (__m256i)(dt == MXB_F16 ? vf_to_f16(v) : vf_to_bf16(v)));
#elif defined(VF_AVX2)
    if (dt == MXB_F32) _mm256_stream_ps((float *)base + i, v);
    else _mm_stream_si128((__m128i *)((uint16_t *)base + i), (__m128i)(dt == MXB_F16 ? vf_to_f16(v) : vf_to_bf16(v)));
#else
    vf_store(dt, base, i, v);
#endif
}

VF_INLINE void vf_stream_end(void)
{
#if defined(VF_AVX512) || defined(VF_AVX2)
    _mm_sfence();
#endif
}

/* Calls f(dt, ...) with dt as a constant, which is what makes the loads and stores above fast. */
#define VF_BY_DTYPE(dt, f, ...)                            \
    do {                                                   \
        switch (dt) {                                      \
        case MXB_F32: f(MXB_F32, __VA_ARGS__); break;      \
        case MXB_F16: f(MXB_F16, __VA_ARGS__); break;      \
        default:      f(MXB_BF16, __VA_ARGS__); break;     \
        }                                                  \
    } while (0)

/* v rounded once to dt and widened again. */
VF_INLINE vf vf_round(enum mxb_dtype dt, vf v)
{
    return dt == MXB_F32 ? v : dt == MXB_F16 ? vf_from_f16(vf_to_f16(v)) : (vf)vf_bf16_bits(v);
}

/* 2^x within 1 ulp (1.2 ulp without FMA).  Exact for integers; +0 for -inf and below 2^-150, subnormals between; +inf from
 * 128; NaN for NaN.
 * x = n + r, n the nearest integer, by adding 1.5 * 2^23, so |r| <= 1/2; 2^r = 1 + r q(r), q the degree-5 interpolation of
 * (2^r - 1) / r in Chebyshev nodes, relative error 1e-8; 2^n in two halves, since it may be out of range itself. */
VF_INLINE vf vf_exp2(vf x)
{
    const vf magic = vf_set1(0x1.8p23f);
    x = vf_max(vf_set1(-151), vf_min(vf_set1(129), x));          /* operand order lets NaN through */
    const vf t = x + magic, n = t - magic, r = x - n;
    vf q = vf_set1(0x1.44138ap-13f);
    q = vf_fma(q, r, vf_set1(0x1.5f0890p-10f));
    q = vf_fma(q, r, vf_set1(0x1.3b2a54p-7f));
    q = vf_fma(q, r, vf_set1(0x1.c6af6cp-5f));
    q = vf_fma(q, r, vf_set1(0x1.ebfbe0p-3f));
    q = vf_fma(q, r, vf_set1(0x1.62e430p-1f));
    q = vf_fma(q, r, vf_set1(1));
#if defined(VF_AVX512)
    return _mm512_scalef_ps(q, n);
#else
    const vi e = (vi)((vu)t - (vu)magic), half = e >> 1;
    return q * (vf)((vu)(half + 127) << 23) * (vf)((vu)(e - half + 127) << 23);
#endif
}
#endif
