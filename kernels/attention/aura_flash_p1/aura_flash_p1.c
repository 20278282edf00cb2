/* aura_flash_p1: attention of one query per head over packed keys and values, one partial result per block of tokens:
 *     s_t = key_norm_t * sum_d q[d] Ck[code of key t, d]       m = max s_t       l = sum exp(s_t - m)
 *     o[d] = sum_t exp(s_t - m) Cv[code of value t, d] value_norm_t              not divided by l
 * An empty block gives m = -inf, l = 0, o = 0.  The codes' rotation and the softmax scale are in q already.  Source:
 * metaltile, aura_flash_p1.rs.  This file: arguments and tables; inputs are made in aura_flash_p1_fill.c, the oracle is
 * in aura_flash_p1_ref.c. */
#define MXB_PARAMS_TABLE struct aura_flash_p1_params
#include "kernels/attention/aura_flash_p1/aura_flash_p1_host.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

struct shape aura_flash_p1_shape(const struct mxb_problem *pr)
{
    const struct aura_flash_p1_params *p = pr->params;
    struct shape s;
    uint32_t causal = 0;
    const int found = sscanf(pr->entry->consts, "HD=%" SCNu32 " KB=%" SCNu32 " VB=%" SCNu32 " CAUSAL=%" SCNu32,
                             &s.hd, &s.kb, &s.vb, &causal);
    assert(found == 4 && s.hd <= HEAD_DIM_MAX);
    (void)found;
    s.causal = causal;
    s.kwords = (s.hd * s.kb + 31) / 32;
    s.vwords = (s.hd * s.vb + 31) / 32;
    s.stride = p->kv_stride ? p->kv_stride : p->tokens;
    s.visible = s.causal && p->q_position < p->tokens ? p->q_position + 1 : p->tokens;
    s.blocks = (uint32_t)(((uint64_t)p->tokens + p->block_size - 1) / p->block_size);
    return s;
}

static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct aura_flash_p1_params *p = pr->params;
    const struct shape s = aura_flash_p1_shape(pr);
    const double limit = 0x1p32;                 /* kernels index elements with uint32 */
    if (p->n_heads % p->n_kv_heads)
        snprintf(why, whylen, "Invalid argument: n_heads (%" PRIu32 ") must be divisible by n_kv_heads (%" PRIu32 ")",
                 p->n_heads, p->n_kv_heads);
    else if (p->tokens > s.stride)
        snprintf(why, whylen, "Invalid argument: tokens (%" PRIu32 ") exceed kv_stride (%" PRIu32 ")", p->tokens, s.stride);
    else if (s.causal && p->q_position >= p->tokens)
        snprintf(why, whylen, "Invalid argument: q_position (%" PRIu32 ") must be less than tokens (%" PRIu32 ")",
                 p->q_position, p->tokens);
    else if (s.blocks > 65535)
        snprintf(why, whylen, "Invalid argument: %" PRIu32 " blocks, at most 65535 are dispatched", s.blocks);
    else if ((double)p->n_kv_heads * s.stride * (s.kwords > s.vwords ? s.kwords : s.vwords) > limit ||
             (double)p->n_heads * s.blocks * s.hd > limit)
        snprintf(why, whylen, "Invalid argument: a tensor would have more than 2^32 elements");
    else
        return 0;
    return MXB_EINVAL;
}

/* 2 HD operations each for the score and the sum of values per head and attended token. */
static double flops(const struct mxb_problem *pr)
{
    const struct aura_flash_p1_params *p = pr->params;
    const struct shape s = aura_flash_p1_shape(pr);
    return 4.0 * p->n_heads * s.hd * s.visible;
}

/* Only attended tokens need be read. */
static double bytes(const struct mxb_problem *pr)
{
    const struct aura_flash_p1_params *p = pr->params;
    const struct shape s = aura_flash_p1_shape(pr);
    const double size = pr->dtype[T_Q] == MXB_F32 ? 4 : 2, token = 4.0 * (s.kwords + s.vwords) + 2 * size;
    return (double)p->n_kv_heads * s.visible * token + size * ((double)p->n_heads * s.hd + (1u << s.kb) + (1u << s.vb)) +
           size * p->n_heads * s.blocks * (s.hd + 2.0);
}

#define STRIDE "(kv_stride ? kv_stride : tokens)"
#define BLOCKS "cdiv(tokens, block_size)"
static const struct mxb_tensor tensors[] = {     /* T_Q, T_KP, ... */
    { .name = "q_rot", .role = MXB_IN, .dtype = MXB_T, .shape = "n_heads,HD", .gen = MXB_GEN_NORMAL },
    { .name = "key_packed", .role = MXB_IN, .dtype = MXB_U32, .shape = "n_kv_heads," STRIDE ",cdiv(HD * KB, 32)" },
    { .name = "key_norms", .role = MXB_IN, .dtype = MXB_T, .shape = "n_kv_heads," STRIDE },
    { .name = "key_codebook", .role = MXB_IN, .dtype = MXB_T, .shape = "pow2(KB)" },
    { .name = "val_packed", .role = MXB_IN, .dtype = MXB_U32, .shape = "n_kv_heads," STRIDE ",cdiv(HD * VB, 32)" },
    { .name = "val_norms", .role = MXB_IN, .dtype = MXB_T, .shape = "n_kv_heads," STRIDE },
    { .name = "val_codebook", .role = MXB_IN, .dtype = MXB_T, .shape = "pow2(VB)" },
    { .name = "o_partials", .role = MXB_OUT, .dtype = MXB_T, .shape = "n_heads," BLOCKS ",HD" },
    { .name = "m_partials", .role = MXB_OUT, .dtype = MXB_T, .shape = "n_heads," BLOCKS },
    { .name = "l_partials", .role = MXB_OUT, .dtype = MXB_T, .shape = "n_heads," BLOCKS },
};

/* The kernels are generic over T: the plain name is f32.  Those of the last three lines are not in the catalogue. */
#define ENTRY(name, consts) \
    { name, { MXB_F32 }, consts }, { name "_f16", { MXB_F16 }, consts }, { name "_bf16", { MXB_BF16 }, consts }
static const struct mxb_entry entries[] = {
    ENTRY("aura_flash_p1_kb4_vb2_d128", "HD=128 KB=4 VB=2 CAUSAL=0"),
    ENTRY("aura_flash_p1_kb4_vb4_d128", "HD=128 KB=4 VB=4 CAUSAL=0"),
    ENTRY("aura_flash_p1_kb4_vb2_d64", "HD=64 KB=4 VB=2 CAUSAL=0"),
    ENTRY("aura_flash_p1_kb4_vb4_d64", "HD=64 KB=4 VB=4 CAUSAL=0"),
    ENTRY("aura_flash_p1_causal_kb4_vb2_d128", "HD=128 KB=4 VB=2 CAUSAL=1"),
    ENTRY("aura_flash_p1_causal_kb4_vb2_d64", "HD=64 KB=4 VB=2 CAUSAL=1"),
    ENTRY("aura_flash_p1_kb4_vb2_d80", "HD=80 KB=4 VB=2 CAUSAL=0"),
    ENTRY("aura_flash_p1_kb3_vb3_d96", "HD=96 KB=3 VB=3 CAUSAL=0"),
    ENTRY("aura_flash_p1_kb4_vb2_d256", "HD=256 KB=4 VB=2 CAUSAL=0"),
};
#define NAMES(type)                                                                                                  \
    "aura_flash_p1_kb4_vb2_d128" type " aura_flash_p1_kb4_vb4_d128" type " aura_flash_p1_kb4_vb2_d64" type           \
    " aura_flash_p1_kb4_vb4_d64" type " aura_flash_p1_causal_kb4_vb2_d128" type                                      \
    " aura_flash_p1_causal_kb4_vb2_d64" type " aura_flash_p1_kb4_vb2_d80" type " aura_flash_p1_kb3_vb3_d96" type     \
    " aura_flash_p1_kb4_vb2_d256" type
static const char entries_f32[] = NAMES(""), entries_16bit[] = NAMES("_f16") " " NAMES("_bf16");

static const struct mxb_tile tiles[] = {
    { "WG", 1000, "min(128, np2(HD))", "32 64 128 256", "work items per head and block: tokens per step" },
};
static const struct mxb_limit limits[] = {
    { "WG > 0 && WG == np2(WG)", "the tree reduction needs WG to be a power of two" },
    { "WG <= max_wg", "WG exceeds the device's workgroup size" },
};
/* The query, the codebooks, and per token of a step its score, weight and a place in the tree. */
static const struct mxb_kernel gpu_kernel[] = {
    { .entry = "aura_flash_p1", .source = "aura_flash_p1", .grid = { BLOCKS, "n_heads" }, .local = { "WG" },
      .local_bytes = "4 * (HD + pow2(KB) + pow2(VB) + 3 * WG)" },
};
/* Two tables of 5 KiB, a decoded row, and per head that shares the block: query, output, 64 scores, m and l. */
#define CPU_KERNEL(name)                                                                                             \
    { .entry = #name, .source = #name, .grid = { BLOCKS, "n_kv_heads" },                                             \
      .scratch_bytes = "2 * 5184 + 4 * HD + n_heads / n_kv_heads * 4 * (2 * HD + 80) + 256", .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(aura_flash_p1_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(aura_flash_p1_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(aura_flash_p1_cpu_avx512) };

#define CPU_IMPL(n, text, feature, k) \
    { .lang = "c", .name = n, .about = text ", decoded rows shared by heads", .needs = feature, .kernel = k, .nkernel = 1 }
#define GPU_IMPL(names, feature)                                                                                     \
    { .lang = "cl comp", .name = "block", .about = "one workgroup per head and block, one work item per token's score", \
      .needs = feature, .entries = names, .tile = tiles, .ntile = MXB_COUNT(tiles), .limit = limits,                  \
      .nlimit = MXB_COUNT(limits), .kernel = gpu_kernel, .nkernel = 1 }
static const struct mxb_impl impls[] = {         /* GPU: two rows, as only 16-bit entries need 16-bit storage */
    CPU_IMPL("avx512", "AVX-512", MXB_FEAT_AVX512, cpu_avx512_kernel),
    CPU_IMPL("avx2", "AVX2 and FMA", MXB_FEAT_AVX2, cpu_avx2_kernel),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel),
    GPU_IMPL(entries_f32, 0),
    GPU_IMPL(entries_16bit, MXB_FEAT_F16_STORAGE),
};

const struct mxb_op mxb_op_aura_flash_p1 = {
    .abi = MXB_OP_ABI, .name = "aura_flash_p1", .family = "attention",
    .about = "attention over packed keys and values, first pass: partial o, m, l per block",
    .source_ref = "metaltile, aura_flash_p1.rs",
    .param = aura_flash_p1_param, .nparam = MXB_COUNT(aura_flash_p1_param),
    .param_bytes = sizeof(struct aura_flash_p1_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT | 1u << MXB_FILL_LARGE | 1u << MXB_FILL_PROBE,
    .def_version = 1,
    .validate = validate, .generate = aura_flash_p1_generate, .reference = aura_flash_p1_reference,
    .items = "n_heads * " BLOCKS, .flops = flops, .bytes = bytes,
};
