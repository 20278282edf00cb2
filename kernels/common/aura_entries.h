/* Table rows that the AURA codec ops share: entries of 2, 3, 4, 6 and 8 bits for three storage types (the plain name is
 * f32), and implementations.  An op names its kernels cpu_kernel, cpu_avx2_kernel, cpu_avx512_kernel and gpu_kernel. */
#ifndef AURA_ENTRIES_H
#define AURA_ENTRIES_H
#include "harness/mxb_op.h"

#define AURA_ENTRY(op, bits)                                                                                         \
    { op "_int" #bits, { MXB_F32 }, "BITS=" #bits }, { op "_int" #bits "_f16", { MXB_F16 }, "BITS=" #bits },         \
    { op "_int" #bits "_bf16", { MXB_BF16 }, "BITS=" #bits }
#define AURA_ENTRIES(op) AURA_ENTRY(op, 2), AURA_ENTRY(op, 3), AURA_ENTRY(op, 4), AURA_ENTRY(op, 6), AURA_ENTRY(op, 8)
#define AURA_NAMES(op, type) \
    op "_int2" type " " op "_int3" type " " op "_int4" type " " op "_int6" type " " op "_int8" type

/* Bits per code: the entry's constant. */
static inline uint32_t aura_bits(const struct mxb_entry *e) { return (uint32_t)(e->consts[sizeof "BITS=" - 1] - '0'); }

#define AURA_CPU_IMPL(n, text, feature, k) \
    { .lang = "c", .name = n, .about = text, .needs = feature, .kernel = k, .nkernel = 1 }
#define AURA_CPU_IMPLS                                                                                               \
    AURA_CPU_IMPL("avx512", "AVX-512", MXB_FEAT_AVX512, cpu_avx512_kernel),                                          \
    AURA_CPU_IMPL("avx2", "AVX2 and FMA", MXB_FEAT_AVX2, cpu_avx2_kernel),                                           \
    AURA_CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel)
/* Two of these per op, as only 16-bit entries need 16-bit storage. */
#define AURA_GPU_IMPL(n, text, names, feature)                                                                       \
    { .lang = "cl comp", .name = n, .about = text, .needs = feature, .entries = names, .tile = tiles,                \
      .ntile = MXB_COUNT(tiles), .limit = limits, .nlimit = MXB_COUNT(limits), .kernel = gpu_kernel, .nkernel = 1 }
#endif
