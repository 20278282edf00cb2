/* bench_fma in f16 on the CPU, with AVX-512 FP16: 32 lanes, 6 chains.  No suffix of the build stands for this
 * instruction set, so the function asks for it itself. */
#include "kernels/bench/bench_fma/bench_fma.h"

#if defined(__x86_64__) && ((!defined(__clang__) && __GNUC__ >= 12) || __clang_major__ >= 16)
#include <immintrin.h>

enum { CHAINS = 6, LANES = 32 };                 /* together one block */

__attribute__((target("avx512fp16,avx512vl,avx512bw,avx512dq")))
void bench_fma_cpu_fp16(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct bench_fma_params *p = a->params;
    const uint16_t *x = a->buf[T_X], *k = a->buf[T_K];
    uint16_t *y = a->buf[T_Y];
    const __m512h m = (__m512h)_mm512_set1_epi16((short)k[0]), c = (__m512h)_mm512_set1_epi16((short)k[1]);
    for (int64_t at = begin * BLOCK; at < end * BLOCK; at += BLOCK) {
        __m512h v[CHAINS];
#pragma GCC unroll 6
        for (int j = 0; j < CHAINS; j++) v[j] = (__m512h)_mm512_loadu_si512(x + at + j * LANES);
        for (uint32_t step = 0; step < p->rounds * STEPS; step++) {
#pragma GCC unroll 6
            for (int j = 0; j < CHAINS; j++) v[j] = _mm512_fmadd_ph(v[j], m, c);
        }
#pragma GCC unroll 6
        for (int j = 0; j < CHAINS; j++) _mm512_storeu_si512(y + at + j * LANES, (__m512i)v[j]);
    }
}
#else
#include "kernels/common/mxb_cpu.h"

/* A compiler without these instructions: the same results by rounding f32, the figure says nothing of the hardware. */
void bench_fma_cpu_fp16(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct bench_fma_params *p = a->params;
    const vf k = vf_load_part(MXB_F16, a->buf[T_K], 0, 2), m = vf_set1(k[0]), c = vf_set1(k[1]);
    for (int64_t at = begin * BLOCK; at < end * BLOCK; at += VL) {
        vf v = vf_load(MXB_F16, a->buf[T_X], at);
        for (uint32_t step = 0; step < p->rounds * STEPS; step++) v = vf_round(MXB_F16, v * m + c);
        vf_store(MXB_F16, a->buf[T_Y], at, v);
    }
}
#endif
