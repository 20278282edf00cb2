/* The tile instructions of AMX in plain C, and the AMX kernel of flash_attn_prefill compiled with them: its blocks, edges and
 * packing are tested on processors that have AVX-512 BF16 but no tiles.
 *
 * tdpbf16ps as Intel's manual defines it: per element of the sum the products of the lower and of the upper halves are added in
 * two chains of fused multiply-adds from 0, then both to the sum; subnormal operands and results are 0. */
#ifndef AMX_EMULATION_H
#define AMX_EMULATION_H
#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill.h"

/* The body chooses its vectors by the compiler's flags, and those of a single function are gcc's to change. */
#if defined(__x86_64__) && !defined(__clang__)
#define AMX_EMULATED 1
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")

static _Thread_local struct { bool configured; uint32_t tile[8][16][16]; } amx;

static void amx_begin(void)
{
    assert(!amx.configured);                         /* a thread that was left configured would pay for it in every switch */
    amx.configured = true;
    memset(amx.tile, 0xff, sizeof amx.tile);
}

static void amx_end(void)
{
    assert(amx.configured);
    amx.configured = false;
}

static void amx_load(int t, const void *from, int64_t stride)
{
    assert(amx.configured);
    for (int64_t r = 0; r < 16; r++) memcpy(amx.tile[t][r], (const char *)from + r * stride, sizeof amx.tile[t][r]);
}

static void amx_store(int t, void *to, int64_t stride)
{
    assert(amx.configured);
    for (int64_t r = 0; r < 16; r++) memcpy((char *)to + r * stride, amx.tile[t][r], sizeof amx.tile[t][r]);
}

static void amx_zero(int t)
{
    assert(amx.configured);
    memset(amx.tile[t], 0, sizeof amx.tile[t]);
}

static float amx_float(uint32_t bits)                /* 0 of its sign for a subnormal */
{
    float x;
    if ((bits & 0x7f800000) == 0) bits &= 0x80000000;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t amx_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (bits & 0x7f800000) == 0 ? bits & 0x80000000 : bits;
}

static float amx_fma(float x, uint32_t a, uint32_t b) { return amx_float(amx_bits(__builtin_fmaf(amx_float(a), amx_float(b), x))); }

static void amx_dot(int sum, int a, int b)
{
    assert(amx.configured);
    for (int m = 0; m < 16; m++) {
        float lower[16] = { 0 }, upper[16] = { 0 };
        for (int k = 0; k < 16; k++) {
            const uint32_t x = amx.tile[a][m][k];
            for (int n = 0; n < 16; n++) {
                lower[n] = amx_fma(lower[n], x << 16, amx.tile[b][k][n] << 16);
                upper[n] = amx_fma(upper[n], x & 0xffff0000, amx.tile[b][k][n] & 0xffff0000);
            }
        }
        for (int n = 0; n < 16; n++)
            amx.tile[sum][m][n] = amx_bits(amx_float(amx.tile[sum][m][n]) + amx_float(amx_bits(lower[n] + upper[n])));
    }
}

void flash_attn_prefill_emulated_amx(const struct mxb_args *, int64_t begin, int64_t end);
#define TILES_BEGIN() amx_begin()
#define TILES_END() amx_end()
#define TILE_ZERO(t) amx_zero(t)
#define TILE_LOAD(t, from, stride) amx_load(t, from, (int64_t)(stride))
#define TILE_STORE(t, to, stride) amx_store(t, to, (int64_t)(stride))
#define TILE_DOT(sum, a, b) amx_dot(sum, a, b)
#define KERNEL flash_attn_prefill_emulated_amx
#define PAIRS
#define TILES
#define least amx_least                              /* the fixture has its own */
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_body.h"
#undef least
#pragma GCC pop_options
#endif
#endif
