/* kv_cache_copy: token t of src goes to slot s(t) of a key/value cache, converted where the types differ; the rest of the cache
 * stays.  flat: s = seq_pos + t, as a ring (modulo capacity) where is_sliding is set; batch: one token to seq_pos; seq: always a
 * ring, and t counts from src_tok_offset.  The dual entries do K and V at once.
 * Equal types keep their bits; f32 -> f16 rounds to nearest even and overflows to infinity; bf16 -> f32 is exact.
 * Source: mlx-native, kv_cache_copy.metal and .rs; more tokens than slots, whose winner upstream leaves open, are rejected. */
#define MXB_PARAMS_TABLE struct kv_cache_copy_params
#include "kernels/kv_cache/kv_cache_copy/kv_cache_copy.h"
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static int layout_of(const struct mxb_entry *entry)
{
    int layout = 0;
    const int found = sscanf(entry->consts, "LAYOUT=%d", &layout);
    assert(found == 1);
    (void)found;
    return layout;
}

static bool is_ring(const struct mxb_problem *pr)
{
    const struct kv_cache_copy_params *p = pr->params;
    const int layout = layout_of(pr->entry);
    return layout == SEQ || (layout == FLAT && p->is_sliding);
}

static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct kv_cache_copy_params *p = pr->params;
    const int layout = layout_of(pr->entry);
    const char *const name = pr->entry->name;
    if (layout != SEQ && p->src_tok_offset)
        snprintf(why, whylen, "Invalid argument: %s has no src_tok_offset", name);
    else if (layout != FLAT && p->is_sliding)
        snprintf(why, whylen, "Invalid argument: %s has no is_sliding", name);
    else if (layout == BATCH && p->n_tokens > 1)
        snprintf(why, whylen, "Invalid argument: %s copies one token, not %" PRIu32, name, p->n_tokens);
    else if (layout == BATCH && p->seq_pos >= p->capacity)
        snprintf(why, whylen, "Invalid argument: seq_pos (%" PRIu32 ") must be below capacity (%" PRIu32 ")", p->seq_pos,
                 p->capacity);
    else if (!is_ring(pr) && (uint64_t)p->seq_pos + p->n_tokens > p->capacity)
        snprintf(why, whylen, "Invalid argument: global cache overflow: seq_pos (%" PRIu32 ") + n_tokens (%" PRIu32
                 ") exceeds capacity (%" PRIu32 ")", p->seq_pos, p->n_tokens, p->capacity);
    else if (p->n_tokens > p->capacity)
        snprintf(why, whylen, "Invalid argument: n_tokens (%" PRIu32 ") exceeds capacity (%" PRIu32 "): slots would be written twice",
                 p->n_tokens, p->capacity);
    else if (pr->nelem[T_SRC] > UINT32_MAX || pr->nelem[T_CACHE] > UINT32_MAX)
        snprintf(why, whylen, "Invalid argument: src or cache has 2^32 elements or more, too many for 32-bit offsets");
    else
        return 0;
    return MXB_EINVAL;
}

/* LARGE: what conversions get wrong.  To f16: ties, the numbers around overflow, subnormals and half of the smallest one. */
static double hard_value(const struct mxb_problem *pr, uint64_t i)
{
    static const double to_f16[] = {
        65504, 65519.99609375, 65520, 65536, 1e30, 1 + 0x1p-11, 1 + 0x3p-11, 1 + 0x1p-11 + 0x1p-23, 2049, 2051, 0x1p-14,
        0x1.ffcp-15, 0x1.ffep-15, 0x1p-24, 0x1.8p-24, 0x1p-25, 0x1.000002p-25, 0x1p-26, 0,
    };
    static const double other[] = { 0, 1, 0x1p-126, 0x1.fep127, 65504, 1e30, 1 + 0x1p-7, 0x1p-100 };
    const uint32_t word = mxb_rand_u32(pr->seed, 0x6b760001, i);
    const bool f16 = pr->dtype[T_CACHE] == MXB_F16 && pr->dtype[T_SRC] == MXB_F32;
    const double v = f16 ? to_f16[word / 2 % MXB_COUNT(to_f16)] : other[word / 2 % MXB_COUNT(other)];
    return word & 1 ? -v : v;
}

static bool generate(const struct mxb_gen_ctx *g, uint32_t t, void *out)
{
    if (g->pr->fill != MXB_FILL_LARGE || (t != T_SRC && t != T_SRC_V)) return false;
    for (uint64_t i = 0; i < g->pr->nelem[t]; i++)
        mxb_store(g->pr->dtype[t], out, i, hard_value(g->pr, i + (t == T_SRC_V ? UINT64_C(1) << 40 : 0)));
    return true;
}

/* The token that lands in a slot, or -1. */
static int64_t token_of_slot(const struct mxb_problem *pr, int64_t slot)
{
    const struct kv_cache_copy_params *p = pr->params;
    const int64_t capacity = p->capacity, pos = p->seq_pos;
    const int64_t token = is_ring(pr) ? (slot + capacity - pos % capacity) % capacity : slot - pos;
    return token >= 0 && token < p->n_tokens ? token : -1;
}

/* One item = one head's elements of one slot: the cache holds its old content when this begins. */
static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct kv_cache_copy_params *p = pr->params;
    const bool flat = layout_of(pr->entry) == FLAT;
    for (int64_t r = r0; r < r1; r++) {
        const int64_t head = flat ? r % p->n_heads : r / p->capacity, slot = flat ? r / p->n_heads : r % p->capacity;
        const int64_t token = token_of_slot(pr, slot);
        if (token < 0) continue;
        const int64_t from = ((p->src_tok_offset + token) * p->n_heads + head) * p->head_dim;
        for (int64_t c = 0; c < p->head_dim; c++) {
            t[T_CACHE].v[r * p->head_dim + c] = t[T_SRC].v[from + c];
            if (pr->nelem[T_CACHE_V]) t[T_CACHE_V].v[r * p->head_dim + c] = t[T_SRC_V].v[from + c];
        }
    }
}

static double flops(const struct mxb_problem *pr)
{
    (void)pr;                                    /* nothing but copies */
    return 0;
}

static double bytes(const struct mxb_problem *pr)
{
    const struct kv_cache_copy_params *p = pr->params;
    const size_t pair = mxb_dtype_size(pr->dtype[T_SRC]) + mxb_dtype_size(pr->dtype[T_CACHE]);
    return (pr->nelem[T_CACHE_V] ? 2.0 : 1.0) * p->n_tokens * p->n_heads * p->head_dim * (double)pair;
}

#define SRC_SHAPE "src_tok_offset + n_tokens, n_heads, head_dim"
#define CACHE_SHAPE "LAYOUT == 0 ? capacity : n_heads, LAYOUT == 0 ? n_heads : capacity, head_dim"
static const struct mxb_tensor tensors[] = {     /* T_SRC, T_CACHE, ... */
    { .name = "src", .role = MXB_IN, .dtype = MXB_T, .shape = SRC_SHAPE, .gen = MXB_GEN_NORMAL },
    { .name = "cache", .role = MXB_INOUT, .dtype = MXB_T2, .shape = CACHE_SHAPE, .gen = MXB_GEN_NORMAL, .tol = MXB_TOL_EXACT },
    { .name = "src_v", .role = MXB_IN, .dtype = MXB_T, .shape = SRC_SHAPE, .gen = MXB_GEN_NORMAL, .present = "DUAL" },
    { .name = "cache_v", .role = MXB_INOUT, .dtype = MXB_T2, .shape = CACHE_SHAPE, .gen = MXB_GEN_NORMAL,
      .tol = MXB_TOL_EXACT, .present = "DUAL" },
};

static const struct mxb_entry entries[] = {      /* T: src, T2: cache */
    { "kv_cache_copy",                       { MXB_F16, MXB_F16 },  "LAYOUT=0 DUAL=0" },     /* any 16-bit type */
    { "kv_cache_copy_f32",                   { MXB_F32, MXB_F32 },  "LAYOUT=0 DUAL=0" },
    { "kv_cache_copy_batch_f32",             { MXB_F32, MXB_F32 },  "LAYOUT=1 DUAL=0" },
    { "kv_cache_copy_batch_f32_to_f16",      { MXB_F32, MXB_F16 },  "LAYOUT=1 DUAL=0" },
    { "kv_cache_copy_seq_f32",               { MXB_F32, MXB_F32 },  "LAYOUT=2 DUAL=0" },
    { "kv_cache_copy_seq_f32_to_f16",        { MXB_F32, MXB_F16 },  "LAYOUT=2 DUAL=0" },
    { "kv_cache_copy_seq_bf16",              { MXB_BF16, MXB_F32 }, "LAYOUT=2 DUAL=0" },
    { "kv_cache_copy_seq_f32_kv_dual",       { MXB_F32, MXB_F32 },  "LAYOUT=2 DUAL=1" },
    { "kv_cache_copy_seq_f32_to_f16_kv_dual", { MXB_F32, MXB_F16 }, "LAYOUT=2 DUAL=1" },
};
#define ENTRIES_F32 "kv_cache_copy_f32 kv_cache_copy_batch_f32 kv_cache_copy_seq_f32 kv_cache_copy_seq_f32_kv_dual"
#define ENTRIES_16BIT                                                                                                \
    "kv_cache_copy kv_cache_copy_batch_f32_to_f16 kv_cache_copy_seq_f32_to_f16 kv_cache_copy_seq_bf16 "              \
    "kv_cache_copy_seq_f32_to_f16_kv_dual"

static const struct mxb_tile tiles[] = {
    { "VEC", 1001, "head_dim % 4 == 0 ? 4 : 1", "1 4", "elements per work item" },
    { "WG",  1000, "256", "32 64 128 256 512", "work items per workgroup" },
};
static const struct mxb_limit limits[] = {
    { "VEC == 1 || VEC == 4", "VEC must be 1 or 4" },
    { "head_dim % VEC == 0",  "VEC must divide head_dim" },
};
/* Two grid axes: Vulkan guarantees no more than 65535 workgroups on one.  Without tokens one workgroup finds nothing to do. */
#define GROUPS "max(1, cdiv(n_tokens * n_heads * (head_dim / VEC), WG))"
static const struct mxb_kernel gpu_kernel[] = {
    { .entry = "kv_cache_copy", .source = "kv_cache_copy",
      .grid = { "min(" GROUPS ", 65535)", "cdiv(" GROUPS ", 65535)" }, .local = { "WG" } },
};
/* Past the caches where the tokens alone would fill most of one. */
static const struct mxb_tile cpu_tiles[] = {
    { "STREAM", 1000, "n_tokens * n_heads * head_dim >= 4194304", "0 1", "1: stores go past the caches" },
};
static const struct mxb_limit cpu_limits[] = { { "STREAM == 0 || STREAM == 1", "STREAM must be 0 or 1" } };
#define CPU_KERNEL(name) { .entry = #name, .source = #name, .grid = { "n_heads", "max(1, n_tokens)" }, .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(kv_cache_copy_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(kv_cache_copy_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(kv_cache_copy_cpu_avx512) };

#define CPU_IMPL(n, text, feature, k) \
    { .lang = "c", .name = n, .about = text ", one head of a token per item", .needs = feature, .tile = cpu_tiles, \
      .ntile = MXB_COUNT(cpu_tiles), .limit = cpu_limits, .nlimit = MXB_COUNT(cpu_limits), .kernel = k, .nkernel = 1 }
#define GPU_IMPL(names, feature)                                                                                     \
    { .lang = "cl comp", .name = "vec", .about = "VEC elements per work item", .needs = feature, .entries = names,   \
      .tile = tiles, .ntile = MXB_COUNT(tiles), .limit = limits, .nlimit = MXB_COUNT(limits),                        \
      .kernel = gpu_kernel, .nkernel = 1 }
static const struct mxb_impl impls[] = {
    CPU_IMPL("avx512", "AVX-512", MXB_FEAT_AVX512, cpu_avx512_kernel),
    CPU_IMPL("avx2", "AVX2 and F16C", MXB_FEAT_AVX2, cpu_avx2_kernel),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel),
    GPU_IMPL(ENTRIES_F32, 0),
    GPU_IMPL(ENTRIES_16BIT, MXB_FEAT_F16_STORAGE),
};

const struct mxb_op mxb_op_kv_cache_copy = {
    .abi = MXB_OP_ABI, .name = "kv_cache_copy", .family = "kv_cache",
    .about = "copies tokens into a key/value cache, flat or head-major, linear or ring",
    .source_ref = "mlx-native, kv_cache_copy.metal",
    .param = kv_cache_copy_param, .nparam = MXB_COUNT(kv_cache_copy_param), .param_bytes = sizeof(struct kv_cache_copy_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_LARGE | 1u << MXB_FILL_PROBE,
    .def_version = 1,
    .validate = validate, .generate = generate, .reference = reference, .items = "n_heads * capacity",
    .flops = flops, .bytes = bytes,
};
