/* flash_attn_prefill: O = softmax(Q K^T * scale + mask) V per head, with grouped key/value heads, causal rule and mask.
 * Source: mlx-native, flash_attn_prefill.metal and .rs.  This file: arguments and tables; the inputs are made in
 * flash_attn_prefill_fill.c, the oracle is in flash_attn_prefill_ref.c. */
#define MXB_PARAMS_TABLE struct flash_attn_prefill_params
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_host.h"
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

uint32_t flash_attn_prefill_head_dim(const struct mxb_entry *entry)
{
    uint32_t d = 0;
    const int found = sscanf(entry->consts, "BD=%" SCNu32, &d);
    assert(found == 1 && d <= HEAD_DIM_MAX);
    (void)found;
    return d;
}

void flash_attn_prefill_keys(const struct flash_attn_prefill_params *p, uint32_t q, uint32_t *lo, uint32_t *hi)
{
    const bool window = p->mask != MASK_NONE && p->mask_fill == CONTENT_WINDOW;
    const uint32_t last = q + p->q_offset;       /* absolute position of the query: a window is causal too */
    *hi = (p->do_causal || window) && last < p->seq_len_k ? last + 1 : p->seq_len_k;
    *lo = window && last >= p->window ? last - p->window + 1 : 0;
    if (*lo > *hi)
        *lo = *hi;
}

double flash_attn_prefill_alpha(const struct mxb_problem *pr)
{
    const struct flash_attn_prefill_params *p = pr->params;
    const double alpha = mxb_round(MXB_F32, (double)p->scale * (double)1.44269504f);
    return p->narrow_q ? mxb_round(pr->dtype[T_Q], alpha) : alpha;
}

/* In the order of the dispatcher upstream; sizes of zero fail the ranges of the parameter table before. */
static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct flash_attn_prefill_params *p = pr->params;
    const double heads = (double)p->batch * p->n_heads, limit = 0x1p32;   /* kernels index elements with uint32 */
    const double longest = p->seq_len_q > p->seq_len_k ? p->seq_len_q : p->seq_len_k;
    if (p->has_blk && p->mask == MASK_NONE)
        snprintf(why, whylen, "Invalid argument: has_blk needs a mask");
    else if (p->n_heads % p->n_kv_heads)
        snprintf(why, whylen, "Invalid argument: n_heads (%" PRIu32 ") must be divisible by n_kv_heads (%" PRIu32 ")",
                 p->n_heads, p->n_kv_heads);
    else if (!(fabsf(p->scale) >= 0x1p-14f))     /* below, scale * log2(e) is no normal number of f16 */
        snprintf(why, whylen, "Invalid argument: scale (%.9g) must be at least 2^-14 in magnitude", (double)p->scale);
    else if (heads * longest * flash_attn_prefill_head_dim(pr->entry) > limit)
        snprintf(why, whylen, "Invalid argument: Q or K would have more than 2^32 elements");
    else if (p->mask != MASK_NONE && (p->mask == MASK_RANK4 ? heads : 1) * p->seq_len_q * p->seq_len_k > limit)
        snprintf(why, whylen, "Invalid argument: the mask would have more than 2^32 elements");
    else
        return 0;
    return MXB_EINVAL;
}

/* 2 D operations for the score and 2 D for the sum of values per pair of a query and an attended key.  Pairs are counted
 * by the causal rule and the window of a window mask; masks with other contents count as if they blocked nothing. */
static double flops(const struct mxb_problem *pr)
{
    const struct flash_attn_prefill_params *p = pr->params;
    double pairs = 0;
    for (uint32_t q = 0; q < p->seq_len_q; q++) {
        uint32_t lo, hi;
        flash_attn_prefill_keys(p, q, &lo, &hi);
        pairs += hi - lo;
    }
    return 4.0 * p->batch * p->n_heads * flash_attn_prefill_head_dim(pr->entry) * pairs;
}

static const struct mxb_tensor tensors[] = {     /* T_Q, T_K, ... */
    { .name = "Q", .role = MXB_IN, .dtype = MXB_T, .shape = "batch,n_heads,seq_len_q,BD", .gen = MXB_GEN_NORMAL },
    { .name = "K", .role = MXB_IN, .dtype = MXB_T, .shape = "batch,n_kv_heads,seq_len_k,BD", .gen = MXB_GEN_NORMAL },
    { .name = "V", .role = MXB_IN, .dtype = MXB_T, .shape = "batch,n_kv_heads,seq_len_k,BD", .gen = MXB_GEN_NORMAL },
    { .name = "O", .role = MXB_OUT, .dtype = MXB_T, .shape = "batch,n_heads,seq_len_q,BD" },
    { .name = "mask", .role = MXB_IN, .dtype = MXB_T2, .present = "mask != 0",
      .shape = "mask == 2 ? batch : 1, mask == 2 ? n_heads : 1, seq_len_q, seq_len_k" },
    { .name = "blk", .role = MXB_IN, .dtype = MXB_U8, .present = "has_blk", .per_tile = true,
      .classes = "skipped mixed clean", .shape = "cdiv(seq_len_q, BQ), cdiv(seq_len_k, BK)" },
};

#define ADDITIVE(name, t, bd) { name, { t, t }, "BD=" #bd " BOOLMASK=0" }
#define BOOLEAN(name, t, bd) { name, { t, MXB_BOOL }, "BD=" #bd " BOOLMASK=1" }
#define F32_ENTRY "steel_attention_float32_bq32_bk16_bd256_wm4_wn1_maskfloat32"
#define F32_BOOL_ENTRY "steel_attention_float32_bq32_bk16_bd256_wm4_wn1_maskbool_"
static const struct mxb_entry entries[] = {
    ADDITIVE("flash_attn_prefill_bf16_d256", MXB_BF16, 256),
    BOOLEAN("flash_attn_prefill_bf16_d256_boolmask", MXB_BF16, 256),
    ADDITIVE("flash_attn_prefill_f16_d256", MXB_F16, 256),
    BOOLEAN("flash_attn_prefill_f16_d256_boolmask", MXB_F16, 256),
    ADDITIVE("flash_attn_prefill_bf16_d512", MXB_BF16, 512),
    BOOLEAN("flash_attn_prefill_bf16_d512_boolmask", MXB_BF16, 512),
    ADDITIVE("flash_attn_prefill_f16_d512", MXB_F16, 512),
    BOOLEAN("flash_attn_prefill_f16_d512_boolmask", MXB_F16, 512),
    ADDITIVE("flash_attn_prefill_bf16_d128", MXB_BF16, 128),
    BOOLEAN("flash_attn_prefill_bf16_d128_boolmask", MXB_BF16, 128),
    ADDITIVE("flash_attn_prefill_f16_d128", MXB_F16, 128),
    BOOLEAN("flash_attn_prefill_f16_d128_boolmask", MXB_F16, 128),
    ADDITIVE("flash_attn_prefill_bf16_d64", MXB_BF16, 64),
    BOOLEAN("flash_attn_prefill_bf16_d64_boolmask", MXB_BF16, 64),
    ADDITIVE("flash_attn_prefill_f16_d64", MXB_F16, 64),
    BOOLEAN("flash_attn_prefill_f16_d64_boolmask", MXB_F16, 64),
    /* Older names of the same kernels; only the f32 ones are kernels of their own. */
    ADDITIVE(F32_ENTRY, MXB_F32, 256),
    BOOLEAN(F32_BOOL_ENTRY, MXB_F32, 256),
    ADDITIVE("steel_attention_bfloat16_bq32_bk16_bd256_wm4_wn1_maskbfloat16", MXB_BF16, 256),
    BOOLEAN("steel_attention_bfloat16_bq32_bk16_bd256_wm4_wn1_maskbool_", MXB_BF16, 256),
    ADDITIVE("steel_attention_float16_bq32_bk16_bd256_wm4_wn1_maskfloat16", MXB_F16, 256),
    BOOLEAN("steel_attention_float16_bq32_bk16_bd256_wm4_wn1_maskbool_", MXB_F16, 256),
    ADDITIVE("steel_attention_bfloat16_bq8_bk8_bd512_wm1_wn1_maskbfloat16", MXB_BF16, 512),
    BOOLEAN("steel_attention_bfloat16_bq8_bk8_bd512_wm1_wn1_maskbool_", MXB_BF16, 512),
    ADDITIVE("steel_attention_float16_bq8_bk8_bd512_wm1_wn1_maskfloat16", MXB_F16, 512),
    BOOLEAN("steel_attention_float16_bq8_bk8_bd512_wm1_wn1_maskbool_", MXB_F16, 512),
};
#define SMALL_BF16                                                                                                   \
    "flash_attn_prefill_bf16_d128 flash_attn_prefill_bf16_d128_boolmask "                                            \
    "flash_attn_prefill_bf16_d64 flash_attn_prefill_bf16_d64_boolmask "
#define SMALL_F16                                                                                                    \
    "flash_attn_prefill_f16_d128 flash_attn_prefill_f16_d128_boolmask "                                              \
    "flash_attn_prefill_f16_d64 flash_attn_prefill_f16_d64_boolmask "
static const char entries_16bit[] =
    SMALL_BF16 SMALL_F16
    "flash_attn_prefill_bf16_d256 flash_attn_prefill_bf16_d256_boolmask "
    "flash_attn_prefill_f16_d256 flash_attn_prefill_f16_d256_boolmask "
    "flash_attn_prefill_bf16_d512 flash_attn_prefill_bf16_d512_boolmask "
    "flash_attn_prefill_f16_d512 flash_attn_prefill_f16_d512_boolmask "
    "steel_attention_bfloat16_bq32_bk16_bd256_wm4_wn1_maskbfloat16 "
    "steel_attention_bfloat16_bq32_bk16_bd256_wm4_wn1_maskbool_ "
    "steel_attention_float16_bq32_bk16_bd256_wm4_wn1_maskfloat16 "
    "steel_attention_float16_bq32_bk16_bd256_wm4_wn1_maskbool_ "
    "steel_attention_bfloat16_bq8_bk8_bd512_wm1_wn1_maskbfloat16 "
    "steel_attention_bfloat16_bq8_bk8_bd512_wm1_wn1_maskbool_ "
    "steel_attention_float16_bq8_bk8_bd512_wm1_wn1_maskfloat16 "
    "steel_attention_float16_bq8_bk8_bd512_wm1_wn1_maskbool_";
static const char coopmat_f16_entries[] =
    SMALL_F16
    "flash_attn_prefill_f16_d256 flash_attn_prefill_f16_d256_boolmask "
    "steel_attention_float16_bq32_bk16_bd256_wm4_wn1_maskfloat16 steel_attention_float16_bq32_bk16_bd256_wm4_wn1_maskbool_";
static const char coopmat_bf16_entries[] =
    SMALL_BF16
    "flash_attn_prefill_bf16_d256 flash_attn_prefill_bf16_d256_boolmask "
    "steel_attention_bfloat16_bq32_bk16_bd256_wm4_wn1_maskbfloat16 "
    "steel_attention_bfloat16_bq32_bk16_bd256_wm4_wn1_maskbool_";
static const char entries_f16[] =
    SMALL_F16
    "flash_attn_prefill_f16_d256 flash_attn_prefill_f16_d256_boolmask "
    "flash_attn_prefill_f16_d512 flash_attn_prefill_f16_d512_boolmask "
    "steel_attention_float16_bq32_bk16_bd256_wm4_wn1_maskfloat16 steel_attention_float16_bq32_bk16_bd256_wm4_wn1_maskbool_ "
    "steel_attention_float16_bq8_bk8_bd512_wm1_wn1_maskfloat16 steel_attention_float16_bq8_bk8_bd512_wm1_wn1_maskbool_";
static const char entries_bf16[] =
    SMALL_BF16
    "flash_attn_prefill_bf16_d256 flash_attn_prefill_bf16_d256_boolmask "
    "flash_attn_prefill_bf16_d512 flash_attn_prefill_bf16_d512_boolmask "
    "steel_attention_bfloat16_bq32_bk16_bd256_wm4_wn1_maskbfloat16 "
    "steel_attention_bfloat16_bq32_bk16_bd256_wm4_wn1_maskbool_ "
    "steel_attention_bfloat16_bq8_bk8_bd512_wm1_wn1_maskbfloat16 "
    "steel_attention_bfloat16_bq8_bk8_bd512_wm1_wn1_maskbool_";
static const char entries_f32[] = F32_ENTRY " " F32_BOOL_ENTRY;

static const struct mxb_const consts[] = {
    { "align_Q", 200, 'b', "seq_len_q % BQ == 0" },
    { "align_K", 201, 'b', "seq_len_k % BK == 0" },
    { "has_mask", 300, 'b', "mask != 0" },
    { "do_causal", 301, 'b', "do_causal" },
    { "has_blk", 303, 'b', "has_blk" },
};

#define GPU_TILES(bq, bk)                                                                                            \
    { "BQ", 1000, bq, "8 16 32 64", "query rows per workgroup" },                                                    \
    { "BK", 1001, bk, "8 16 32 64", "key rows per step" },                                                           \
    { "RQ", 1003, "min(BQ, BD <= 256 ? 4 : 2)", "1 2 4 8", "query rows per work item" },                             \
    { "WG", 1002, "BQ / RQ * 8", "32 64 128 256", "work items per workgroup" }
static const struct mxb_tile gpu_tiles[] = { GPU_TILES("BD <= 256 ? 32 : 8", "BD <= 256 ? 16 : 8") };
/* The tile that gives the f32 entries their names needs 53 KiB of local memory. */
static const struct mxb_tile gpu_f32_tiles[] = {
    GPU_TILES("local_bytes >= 53504 ? 32 : 16", "local_bytes >= 53504 ? 16 : 8"),
};
/* words: 16-byte words per row.  WG * RQ / BQ work items share a row: its keys, words and partial maxima. */
#define GPU_LIMITS(words)                                                                                            \
    { "BQ >= 1 && RQ >= 1 && BQ % RQ == 0", "BQ must be a multiple of RQ" },                                         \
    { "WG % (BQ / RQ) == 0 && WG * RQ / BQ % 4 == 0", "WG must be a multiple of 4 BQ / RQ" },                        \
    { words " % (WG * RQ / BQ) == 0", "WG * RQ / BQ must divide the 16-byte words of a row" },                       \
    { "BK >= 1 && BK % (WG * RQ / BQ) == 0", "BK must be a multiple of WG * RQ / BQ" },                              \
    { "BQ * BD <= 256 * WG", "more than 256 accumulators per work item" },                                           \
    { "WG <= max_wg", "WG exceeds the device's workgroup size" }
static const struct mxb_limit gpu_limits[] = { GPU_LIMITS("BD / 8") };
static const struct mxb_limit gpu_f32_limits[] = { GPU_LIMITS("BD / 4") };

/* Workgroups begin in this order: under the causal rule the last tiles are the longest, and kernels take them from the end,
 * so those of all heads go first and the short ones fill what they leave. */
#define GPU_GRID { "n_heads", "cdiv(seq_len_q, BQ)", "batch" }
/* The Q' tile and the shared K or V tile with rows of 16 more bytes, the partial maxima, the probabilities. */
#define LOCAL_BYTES(row) "(BQ + BK) * (" row " + 16) + WG * RQ * 4 + BQ * (BK + 4) * 4"
#define GPU_KERNEL(file, row)                                                                                              \
    { .entry = "flash_attn_prefill", .source = file,                                                                 \
      .grid = GPU_GRID, .local = { "WG" }, .local_bytes = LOCAL_BYTES(row) }
static const struct mxb_kernel gpu_kernel[] = { GPU_KERNEL("flash_attn_prefill", "BD * 2") };
static const struct mxb_kernel gpu_runtime_kernel[] = { GPU_KERNEL("flash_attn_prefill_runtime", "BD * 2") };
static const struct mxb_kernel gpu_f32_kernel[] = { GPU_KERNEL("flash_attn_prefill", "BD * 4") };

/* Cooperative matrices of 16 x 16.  Local memory: K and V, and each subgroup's scores. */
static const struct mxb_tile coopmat_tiles[] = {
    { "BQ", 1000, "BD > 128 && do_causal ? 64 : 128", "32 64 128", "query rows per workgroup" },
    { "BK", 1001, "16", "16 32", "key rows per step" },
    { "DS", 1003, "1", "1 2 4", "subgroups that share 16 query rows" },
    { "RB", 1005, "BD <= 128 && sg >= 32 ? 2 : 1", "1 2", "blocks of 16 query rows per subgroup" },
    { "WG", 1002, "BQ / 16 / RB * DS * sg", "64 128 256 512", "work items per workgroup" },
    { "AHEAD", 1004, "1", "0 1", "1: K and V of the next step are fetched before this one's products" },
};
static const struct mxb_limit coopmat_limits[] = {
    { "BQ >= 16 && BQ % 16 == 0 && BK >= 16 && BK % 16 == 0", "BQ and BK must be multiples of 16" },
    { "DS >= 1 && BD / 16 % DS == 0", "DS must divide the matrices along the head dimension" },
    { "sg == sg_max", "the device may choose the width of subgroups, the kernel counts on one" },
    { "sg == 16 || sg == 32 || sg == 64", "subgroups must have 16, 32 or 64 work items" },
    { "(RB == 1 || RB == 2) && BQ / 16 % RB == 0", "RB must be 1 or 2 and divide the row blocks" },
    { "sg >= 16 * RB", "a lane cannot have two rows" },
    { "WG == BQ / 16 / RB * DS * sg", "WG must be BQ / 16 / RB * DS subgroups" },
    { "BK * 16 * RB / sg % 4 == 0", "a lane must have 4 keys at least" },
};
#define COOPMAT_KERNEL(file)                                                                                         \
    { .entry = "flash_attn_prefill", .source = file, .grid = GPU_GRID, .local = { "WG" },                   \
      .local_bytes = "2 * BK * (BD * 2 + 16) + BQ * DS * (BK * 4 + 16)" }
static const struct mxb_kernel coopmat_kernel[] = { COOPMAT_KERNEL("flash_attn_prefill_coopmat") };
static const struct mxb_kernel coopmat_bf16_kernel[] = { COOPMAT_KERNEL("flash_attn_prefill_coopmat_bf16") };
static const struct mxb_kernel coopmat_nv_kernel[] = { COOPMAT_KERNEL("flash_attn_prefill_coopmat_nv") };

#define CPU_TILES(bq, bk)                            /* S_BQ, S_BK */                                                  \
    { "BQ", 1000, bq, "16 32 64 128", "query rows per item" },                                                       \
    { "BK", 1001, bk, "16 32 64 128", "key rows per step" }
static const struct mxb_tile cpu_tiles[] = { CPU_TILES("seq_len_q >= 256 ? 64 : 32", "64") };
/* The faster the products, the more the preparation of a key tile and the sums in memory cost. */
static const struct mxb_tile cpu_amx_tiles[] = { CPU_TILES("seq_len_q >= 1024 ? 128 : seq_len_q >= 256 ? 64 : 32", "128") };
#define CPU_LIMITS                                                                                                   \
    { "BQ >= 1 && BQ <= 128", "BQ must be in 1..128" },                                                              \
    { "BK >= 1 && BK <= 128", "BK must be in 1..128" }
static const struct mxb_limit cpu_limits[] = { CPU_LIMITS };
/* gcc of Debian 12 and all since have AVX-512 BF16 and AMX; a later one is asked for than the first that does. */
#if defined(__x86_64__) && (__GNUC__ >= 11 || __clang_major__ >= 12)
#define BF16_BUILT "1"
#else
#define BF16_BUILT "0"
#endif
static const struct mxb_limit cpu_bf16_limits[] = {
    CPU_LIMITS, { BF16_BUILT, "the compiler that built mlxbench has no AVX-512 BF16 and AMX" },
};
/* gcc from 12 on, clang from 14 on. */
#if defined(__x86_64__) && (__GNUC__ >= 12 || __clang_major__ >= 14)
#define FP16_BUILT "1"
#else
#define FP16_BUILT "0"
#endif
static const struct mxb_limit cpu_fp16_limits[] = {
    CPU_LIMITS, { "BK % 16 == 0", "BK must be a multiple of the 16 products that are added in f16" },
    { FP16_BUILT, "the compiler that built mlxbench has no AVX-512 FP16" },
};
/* Q' in operands of `size` bytes an element and O in f32, K and V as operands, `cell` bytes for each score, three numbers per
 * row; rows are padded to 32 queries and `kn` keys. */
#define CPU_SCRATCH(size, kn, cell)                                                                                  \
    "cdiv(BQ, 32) * 32 * (BD * (" size " + 4) + cdiv(BK, " kn ") * " kn " * " cell " + 12)"                          \
    " + cdiv(BK, " kn ") * " kn " * BD * 2 * " size " + 4096"
#define CPU_KERNEL(name, scratch)                                                                                    \
    { .entry = #name, .source = #name, .grid = { "cdiv(seq_len_q, BQ)", "n_heads", "batch" },                        \
      .scratch_bytes = scratch, .cpu = name }
static const char scratch_f32[] = CPU_SCRATCH("4", "8", "4");
static const char scratch_halves[] = CPU_SCRATCH("2", "8", "4");
static const char scratch_pairs[] = CPU_SCRATCH("2", "8", "4");
static const char scratch_amx[] = CPU_SCRATCH("2", "32", "6");       /* weights once more, row by row */
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(flash_attn_prefill_cpu, scratch_f32) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(flash_attn_prefill_cpu_avx2, scratch_f32) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(flash_attn_prefill_cpu_avx512, scratch_f32) };
static const struct mxb_kernel cpu_bf16_kernel[] = { CPU_KERNEL(flash_attn_prefill_cpu_avx512_bf16, scratch_pairs) };
static const struct mxb_kernel cpu_fp16_kernel[] = { CPU_KERNEL(flash_attn_prefill_cpu_avx512_fp16, scratch_halves) };
static const struct mxb_kernel cpu_amx_kernel[] = { CPU_KERNEL(flash_attn_prefill_cpu_amx, scratch_amx) };

#define CPU_IMPL(n, text, feature, k)                                                                                \
    { .lang = "c", .name = n, .about = text, .needs = feature, .consts = consts, .nconst = MXB_COUNT(consts),        \
      .tile = cpu_tiles, .ntile = MXB_COUNT(cpu_tiles), .limit = cpu_limits, .nlimit = MXB_COUNT(cpu_limits),        \
      .kernel = k, .nkernel = 1 }
#define CPU_BF16_IMPL(n, text, feature, t, k)                                                                          \
    { .lang = "c", .name = n, .about = text ", weights narrowed to bf16", .narrow = true, .entries = entries_bf16,    \
      .needs = MXB_FEAT_AVX512 | MXB_FEAT_AVX512_BF16 | feature, .consts = consts, .nconst = MXB_COUNT(consts),      \
      .tile = t, .ntile = MXB_COUNT(t), .limit = cpu_bf16_limits,                                                    \
      .nlimit = MXB_COUNT(cpu_bf16_limits), .kernel = k, .nkernel = 1 }
#define COOPMAT_IMPL(n, api, type, feature, k)                                                                       \
    { .lang = "comp", .name = n, .about = "cooperative matrices (" api "), probabilities narrowed to " #type, .narrow = true, \
      .needs = MXB_FEAT_F16_STORAGE | MXB_FEAT_F16_ARITH | MXB_FEAT_U8_STORAGE | MXB_FEAT_SUBGROUP | feature,          \
      .entries = coopmat_##type##_entries, .consts = consts, .nconst = MXB_COUNT(consts), .tile = coopmat_tiles,             \
      .ntile = MXB_COUNT(coopmat_tiles), .limit = coopmat_limits, .nlimit = MXB_COUNT(coopmat_limits), .kernel = k,   \
      .nkernel = 1 }
static const struct mxb_impl impls[] = {
    CPU_IMPL("avx512", "16 queries per vector", MXB_FEAT_AVX512, cpu_avx512_kernel),
    CPU_IMPL("avx2", "8 queries per vector", MXB_FEAT_AVX2, cpu_avx2_kernel),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel),
    CPU_BF16_IMPL("amx", "AMX tiles", MXB_FEAT_AMX_BF16, cpu_amx_tiles, cpu_amx_kernel),
    CPU_BF16_IMPL("avx512_bf16", "16 queries per vector, vdpbf16ps", 0, cpu_tiles, cpu_bf16_kernel),
    { .lang = "c", .name = "avx512_fp16", .about = "32 queries per vector, 16 products added in f16, weights narrowed to f16",
      .needs = MXB_FEAT_AVX512 | MXB_FEAT_AVX512_FP16, .entries = entries_f16, .consts = consts, .nconst = MXB_COUNT(consts),
      .tile = cpu_tiles, .ntile = MXB_COUNT(cpu_tiles), .limit = cpu_fp16_limits, .nlimit = MXB_COUNT(cpu_fp16_limits),
      .kernel = cpu_fp16_kernel, .nkernel = 1, .narrow = true, .short_sums = true },
    { .lang = "cl comp", .name = "tiled", .about = "Q and one of K and V in local memory, output in registers",
      .needs = MXB_FEAT_F16_STORAGE | MXB_FEAT_U8_STORAGE, .entries = entries_16bit, .consts = consts,
      .nconst = MXB_COUNT(consts), .tile = gpu_tiles, .ntile = MXB_COUNT(gpu_tiles), .limit = gpu_limits,
      .nlimit = MXB_COUNT(gpu_limits), .kernel = gpu_kernel, .nkernel = 1 },
    { .lang = "cl comp", .name = "tiled_runtime", .about = "the same kernel without contract constants: one pipeline for all",
      .needs = MXB_FEAT_F16_STORAGE | MXB_FEAT_U8_STORAGE, .entries = entries_16bit, .tile = gpu_tiles,
      .ntile = MXB_COUNT(gpu_tiles), .limit = gpu_limits, .nlimit = MXB_COUNT(gpu_limits), .kernel = gpu_runtime_kernel,
      .nkernel = 1 },
    { .lang = "cl comp", .name = "tiled_f32", .about = "the same kernel with f32 rows: twice the local memory",
      .needs = MXB_FEAT_U8_STORAGE, .entries = entries_f32, .consts = consts, .nconst = MXB_COUNT(consts),
      .tile = gpu_f32_tiles, .ntile = MXB_COUNT(gpu_f32_tiles), .limit = gpu_f32_limits,
      .nlimit = MXB_COUNT(gpu_f32_limits), .kernel = gpu_f32_kernel, .nkernel = 1 },
    COOPMAT_IMPL("coopmat", "KHR", f16, MXB_FEAT_COOPMAT_KHR, coopmat_kernel),
    COOPMAT_IMPL("coopmat", "KHR", bf16, MXB_FEAT_COOPMAT_KHR | MXB_FEAT_BF16_ARITH, coopmat_bf16_kernel),
    COOPMAT_IMPL("coopmat_nv", "NV", f16, MXB_FEAT_COOPMAT_NV, coopmat_nv_kernel),
};

const struct mxb_op mxb_op_flash_attn_prefill = {
    .abi = MXB_OP_ABI, .name = "flash_attn_prefill", .family = "attention",
    .about = "tiled prefill attention with online softmax",
    .source_ref = "mlx-native, flash_attn_prefill.metal",
    .param = flash_attn_prefill_param, .nparam = MXB_COUNT(flash_attn_prefill_param),
    .param_bytes = sizeof(struct flash_attn_prefill_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT | 1u << MXB_FILL_NEEDLE | 1u << MXB_FILL_LARGE |
             1u << MXB_FILL_PROBE,
    .def_version = 2,
    .validate = validate, .generate = flash_attn_prefill_generate, .reference = flash_attn_prefill_reference,
    .items = "batch * n_heads * seq_len_q", .flops = flops,
};
