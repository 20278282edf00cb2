/* Instruction sets of the processor, as far as the operating system saves their registers. */
#include "backends/cpu/cpu_internal.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { REQ_XCOMP_PERM = 0x1023, XTILEDATA = 18 };    /* arch_prctl request, state component: Linux asm/prctl.h */

struct regs { uint32_t a, b, c, d; };

/* All zero where the leaf does not exist. */
static struct regs cpuid(uint32_t leaf, uint32_t sub)
{
    struct regs r = { 0 };
    if (!__get_cpuid_count(leaf, sub, &r.a, &r.b, &r.c, &r.d)) r = (struct regs){ 0 };
    return r;
}

/* Register sets that the operating system saves (XCR0). */
static uint64_t saved_states(void)
{
    uint32_t lo, hi;
    if (!(cpuid(1, 0).c >> 27 & 1)) return 0;        /* OSXSAVE: xgetbv may be used */
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

static bool all(uint64_t word, uint64_t bits) { return (word & bits) == bits; }

uint64_t cpu_isa_features(void)
{
    const uint64_t ymm = 1u << 1 | 1u << 2, zmm = ymm | 7u << 5, tiles = 3u << 17;      /* bits of XCR0 */
    const struct regs base = cpuid(1, 0), ext = cpuid(7, 0), ext1 = cpuid(7, 1);
    const uint64_t os = saved_states();
    uint64_t f = 0;

    const uint32_t fma_avx_f16c = 1u << 12 | 1u << 28 | 1u << 29;
    if (all(os, ymm) && all(base.c, fma_avx_f16c) && ext.b >> 5 & 1) f |= MXB_FEAT_AVX2;
    const uint32_t f_dq_bw_vl = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
    if (f && all(os, zmm) && all(ext.b, f_dq_bw_vl)) {
        f |= MXB_FEAT_AVX512;
        if (ext1.a >> 5 & 1) f |= MXB_FEAT_AVX512_BF16;
        if (ext.d >> 23 & 1) f |= MXB_FEAT_AVX512_FP16;
    }
    const uint32_t amx_bf16_tile = 1u << 22 | 1u << 24;
    if (all(os, tiles) && all(ext.d, amx_bf16_tile) && syscall(SYS_arch_prctl, REQ_XCOMP_PERM, XTILEDATA) == 0)
        f |= MXB_FEAT_AMX_BF16;
    return f;
}

const char *cpu_isa_name(uint64_t features)
{
    return features & MXB_FEAT_AVX512 ? "x86-64 AVX-512" : features & MXB_FEAT_AVX2 ? "x86-64 AVX2" : "x86-64 SSE2";
}

void cpu_isa_ids(uint32_t *vendor_id, uint32_t *device_id)
{
    const struct regs maker = cpuid(0, 0);
    *vendor_id = memcmp(&maker.b, "Auth", 4) == 0 ? 0x1022 : memcmp(&maker.b, "Genu", 4) == 0 ? 0x8086 : 0;
    *device_id = cpuid(1, 0).a;
}

#else

uint64_t cpu_isa_features(void) { return 0; }

const char *cpu_isa_name(uint64_t features)
{
    (void)features;
#if defined(__aarch64__)
    return "aarch64 NEON";
#else
    return "portable C";
#endif
}

void cpu_isa_ids(uint32_t *vendor_id, uint32_t *device_id) { *vendor_id = *device_id = 0; }
#endif
