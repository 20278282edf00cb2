/* The f16 vectors of AVX-512 FP16 in f32, rounded after every operation, and the kernel of flash_attn_prefill compiled with them:
 * its blocks, edges and sums are tested on processors that have AVX-512 and no arithmetic in f16.
 *
 * A product plus a sum is rounded to f32 first, so that it may end one f16 number beside what the processor gives where that
 * lands halfway between two. */
#ifndef FP16_EMULATION_H
#define FP16_EMULATION_H
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill.h"

/* The body chooses its vectors by the compiler's flags, and those of a single function are gcc's to change. */
#if defined(__x86_64__) && !defined(__clang__)
#define FP16_EMULATED 1
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")
#define HALVES
#define least fp16_least                             /* the fixture has its own */
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_tile.h"

typedef struct { vf lower, upper; } half;

VF_INLINE half half_load(const operand *p) { return (half){ vf_load(MXB_F16, p, 0), vf_load(MXB_F16, p, VL) }; }
VF_INLINE vf half_round(vf v) { return vf_round(MXB_F16, v); }

VF_INLINE half half_fma(const operand *w, half v, half sum)
{
    vh h;
    for (int e = 0; e < VL; e++) h[e] = *w;
    const vf x = vf_from_f16(h);
    return (half){ half_round(vf_fma(x, v.lower, sum.lower)), half_round(vf_fma(x, v.upper, sum.upper)) };
}

VF_INLINE half half_mul(const operand *w, half v) { return half_fma(w, v, (half){ -(vf){ 0 }, -(vf){ 0 } }); }

VF_INLINE void half_widen(half h, vf *lower, vf *upper)
{
    *lower = h.lower;
    *upper = h.upper;
}

void flash_attn_prefill_emulated_fp16(const struct mxb_args *, int64_t begin, int64_t end);
#define KERNEL flash_attn_prefill_emulated_fp16
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_body.h"
#undef least
#pragma GCC pop_options
#endif
#endif
