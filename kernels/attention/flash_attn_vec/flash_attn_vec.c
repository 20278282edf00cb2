/* flash_attn_vec: attention of one query per head over a key/value cache, the keys split over nwg groups.  Keys are taken in
 * chunks of 32; group g has chunks g, g + nwg, ...  Q is narrowed to f16.
 *
 * tmp holds per head r and group g the unnormalised sum a = sum_j exp(s_j - M) v_j, S = sum_j exp(s_j - M) and M = max s_j
 * (without keys 0, 0, -FLT_MAX/2):  a[4i + e] at 4 (r (BD/4) nwg + i nwg + g) + e, then from n_heads BD nwg on S at
 * 2 (r nwg + g) and M behind it.  With one group tmp is the result a / S, [n_heads, BD].
 * Source: mlx-native, flash_attn_vec.metal and .rs; upstream reads rows behind the last key with weight 0, here nobody does. */
#define MXB_PARAMS_TABLE struct flash_attn_vec_params
#include "kernels/attention/flash_attn_vec/flash_attn_vec.h"
#include <inttypes.h>
#include <stdio.h>
#include "kernels/common/attend_fill.h"
#include "kernels/common/attend_oracle.h"

enum { CHUNK = 32 };

static uint32_t head_dim(const struct mxb_problem *pr)
{
    const struct flash_attn_vec_params *p = pr->params;
    return (uint32_t)(pr->nelem[T_Q] / p->n_heads);
}

/* First key that is attended; the last is kv_seq_len - 1. */
static uint32_t first_key(const struct flash_attn_vec_params *p)
{
    const bool window = p->mask_type == MASK_SLIDING && p->sliding_window > 0 && p->sliding_window < p->kv_seq_len;
    return window ? p->kv_seq_len - p->sliding_window : 0;
}

/* In the order of the dispatcher upstream; sizes of zero fail the ranges of the parameter table before. */
static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct flash_attn_vec_params *p = pr->params;
    if (p->n_heads % p->n_kv_heads)
        snprintf(why, whylen, "Invalid argument: n_heads (%" PRIu32 ") must be divisible by n_kv_heads (%" PRIu32 ")",
                 p->n_heads, p->n_kv_heads);
    else if (p->kv_capacity < p->kv_seq_len)
        snprintf(why, whylen, "Invalid argument: kv_capacity (%" PRIu32 ") must be at least kv_seq_len (%" PRIu32 ")",
                 p->kv_capacity, p->kv_seq_len);
    else if (!(fabsf(p->scale) >= 0x1p-14f))
        snprintf(why, whylen, "Invalid argument: scale (%.9g) must be at least 2^-14 in magnitude", (double)p->scale);
    else if (pr->nelem[T_K] > UINT32_MAX)
        snprintf(why, whylen, "Invalid argument: K has %" PRIu64 " elements, 32-bit offsets need less than 2^32",
                 pr->nelem[T_K]);
    else
        return 0;
    return MXB_EINVAL;
}

static void range(const struct attend_fill *f, uint32_t row, uint32_t *lo, uint32_t *hi)
{
    const struct flash_attn_vec_params *p = f->pr->params;
    (void)row;
    *lo = first_key(p);
    *hi = p->kv_seq_len;
}

static bool generate(const struct mxb_gen_ctx *g, uint32_t t, void *out)
{
    const struct flash_attn_vec_params *p = g->pr->params;
    /* No NaN in Q: whether a maximum over NaN scores is NaN is left open, and M is an output here. */
    const struct attend_fill f = {
        .pr = g->pr, .d = head_dim(g->pr), .heads = p->n_kv_heads, .rows = p->n_heads / p->n_kv_heads,
        .keys = p->kv_seq_len, .capacity = p->kv_capacity, .period = p->kv_seq_len, .scale = (double)p->scale, .range = range,
    };
    return attend_generate(&f, t, g->pr->dtype[t], out);
}

/* Numbers of the keys of group g. */
static uint32_t keys_of_group(const struct flash_attn_vec_params *p, uint32_t g, uint32_t *keys)
{
    uint32_t n = 0;
    for (uint32_t k = first_key(p); k < p->kv_seq_len; k++)
        if (k / CHUNK % p->nwg == g) keys[n++] = k;
    return n;
}

static void put(const struct mxb_ref *t, uint64_t at, double v, double p, double x)
{
    t->v[at] = v;
    t->p[at] = p;
    t->x[at] = x;
}

/* Head r, group g into tmp, at most nwg 1: the normalised row. */
static void store(const struct flash_attn_vec_params *p, uint32_t d, uint64_t r, uint64_t g, const struct attend_result *o,
                  const struct mxb_ref *tmp)
{
    for (uint32_t c = 0; c < d; c++)
        put(tmp, 4 * ((r * (d / 4) + c / 4) * p->nwg + g) + c % 4, o->v[c], o->p[c], o->x[c]);
    if (p->nwg == 1) return;
    const uint64_t at = (uint64_t)p->n_heads * d * p->nwg + 2 * (r * p->nwg + g);
    put(tmp, at, o->l, o->l_p, o->l_x);
    put(tmp, at + 1, o->m, 0, o->m_x);
}

static void reference_head(const struct mxb_problem *pr, const struct mxb_ref *t, uint32_t r, uint32_t *keys)
{
    const struct flash_attn_vec_params *p = pr->params;
    const uint32_t d = head_dim(pr);
    const uint64_t kv = (uint64_t)(r / (p->n_heads / p->n_kv_heads)) * p->kv_capacity * d;
    double q[ATTEND_MAX_DIM];
    for (uint32_t c = 0; c < d; c++) q[c] = mxb_round(MXB_F16, t[T_Q].v[(uint64_t)r * d + c]);
    const struct attend_row row = { .d = d, .scale = (double)p->scale, .q = q, .k = t[T_K].v + kv, .v = t[T_V].v + kv };
    for (uint32_t g = 0; g < p->nwg; g++) {
        struct attend_result o;
        const uint32_t n = keys_of_group(p, g, keys);
        if (!attend_oracle(&row, keys, n, p->nwg == 1, &o)) o = (struct attend_result){ .m = NAN };   /* cannot pass */
        store(p, d, r, g, &o, &t[T_TMP]);
    }
}

/* One item per head where tmp is [n_heads, BD]; else the layout of tmp keeps no head together, and all are one item. */
static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct flash_attn_vec_params *p = pr->params;
    uint32_t *keys = malloc(p->kv_seq_len * sizeof *keys);
    const int64_t first = p->nwg == 1 ? r0 : 0, end = p->nwg == 1 ? r1 : (int64_t)p->n_heads;
    for (int64_t r = first; keys && r < end; r++) reference_head(pr, t, (uint32_t)r, keys);
    for (uint64_t i = 0; !keys && i < pr->nelem[T_TMP]; i++) t[T_TMP].v[i] = NAN;
    free(keys);
}

static double flops(const struct mxb_problem *pr)
{
    const struct flash_attn_vec_params *p = pr->params;
    return 4.0 * p->n_heads * head_dim(pr) * (p->kv_seq_len - first_key(p));
}

static double bytes(const struct mxb_problem *pr)
{
    const struct flash_attn_vec_params *p = pr->params;
    const double keys = (double)p->n_kv_heads * (p->kv_seq_len - first_key(p)) * head_dim(pr);
    return 4.0 * (double)(pr->nelem[T_Q] + pr->nelem[T_TMP]) + 2 * keys * (double)mxb_dtype_size(pr->dtype[T_K]);
}

static const struct mxb_tensor tensors[] = {     /* T_Q, T_K, ... */
    { .name = "Q", .role = MXB_IN, .dtype = MXB_T, .shape = "n_heads,1,BD", .gen = MXB_GEN_NORMAL },
    { .name = "K", .role = MXB_IN, .dtype = MXB_T2, .shape = "n_kv_heads,kv_capacity,BD", .gen = MXB_GEN_NORMAL },
    { .name = "V", .role = MXB_IN, .dtype = MXB_T2, .shape = "n_kv_heads,kv_capacity,BD", .gen = MXB_GEN_NORMAL },
    { .name = "tmp", .role = MXB_OUT, .dtype = MXB_T, .shape = "nwg == 1 ? n_heads * BD : n_heads * nwg * (BD + 2)" },
};

static const struct mxb_entry entries[] = {      /* T: Q and tmp; T2: K and V; head dimension 128 is not in the source */
    { "flash_attn_vec_dk128",       { MXB_F32, MXB_F32 }, "BD=128" },
    { "flash_attn_vec_dk256",       { MXB_F32, MXB_F32 }, "BD=256" },
    { "flash_attn_vec_dk512",       { MXB_F32, MXB_F32 }, "BD=512" },
    { "flash_attn_vec_f16kv_dk128", { MXB_F32, MXB_F16 }, "BD=128" },
    { "flash_attn_vec_f16kv_dk256", { MXB_F32, MXB_F16 }, "BD=256" },
    { "flash_attn_vec_f16kv_dk512", { MXB_F32, MXB_F16 }, "BD=512" },
};

static const struct mxb_tile gpu_tiles[] = {
    { "WG",   1000, "BD / 4", "64 128 256", "work items per workgroup" },
    { "ROWS", 1001, "n_heads / n_kv_heads % 4 == 0 ? 4 : n_heads / n_kv_heads % 2 == 0 ? 2 : 1", "1 2 4 8",
      "query heads of a key/value head per workgroup" },
    { "TX",   1002, "8", "4 8 16 32", "work items that share a key" },
    { "COLS", 1003, "cdiv(BD, 4 * WG)", "1 2 4", "groups of four output columns per work item" },
    { "VEC",  1004, "4", "4", "elements per load" },
};
static const struct mxb_limit gpu_limits[] = {
    { "ROWS >= 1 && n_heads / n_kv_heads % ROWS == 0", "ROWS must divide the query heads of a key/value head" },
    { "WG >= 32", "WG must be at least the 32 keys of a chunk" },
    { "TX >= 1 && WG % TX == 0", "WG must be a multiple of TX" },
    { "COLS >= 1 && 4 * WG * COLS >= BD", "4 WG COLS must not be less than the head dimension" },
    { "VEC == 4", "VEC must be 4" },
    { "ROWS * COLS <= 32", "more than 128 accumulators per work item" },
    { "WG <= max_wg", "WG exceeds the device's workgroup size" },
};
static const struct mxb_kernel gpu_kernel[] = {
    { .entry = "flash_attn_vec", .source = "flash_attn_vec", .grid = { "nwg", "n_heads / ROWS" }, .local = { "WG" },
      .local_bytes = "ROWS * (16 * WG * COLS + 128 * TX + 264)" },
};

static const struct mxb_tile subgroup_tiles[] = {
    { "ROWS", 1001, "n_heads / n_kv_heads % 2 == 0 ? 2 : 1", "1 2 4", "query heads of a key/value head per workgroup" },
    { "WG",   1000, "BD * ROWS > 512 ? 4 * sg : 8 * sg", "128 256 512", "work items per workgroup" },
    { "TX",   1002, "min(BD / 8, min(sg, 32))", "8 16 32", "lanes that share a key" },
    { "KEYS", 1003, "max(1, TX / 8)", "1 2 4", "keys that TX lanes have in flight" },
    { "SG",   1004, "sg", "32", "lanes of a subgroup" },
};
/* 16-byte words of a row of K: BD / 8 of f16, BD / 4 of f32. */
#define SUBGROUP_LIMITS(words)                                                                                       \
    { "ROWS >= 1 && n_heads / n_kv_heads % ROWS == 0", "ROWS must divide the query heads of a key/value head" },      \
    { "sg == sg_max && SG == sg", "the device may choose the width of subgroups, the kernel counts on one" },         \
    { "WG > 0 && WG % SG == 0", "WG must be a multiple of the width of subgroups" },                                  \
    { "WG <= max_wg", "WG exceeds the device's workgroup size" },                                                     \
    { "TX >= 1 && TX == np2(TX) && TX <= SG", "TX must be a power of two and no more than a subgroup" },              \
    { words " % TX == 0", "TX must divide the 16-byte words of a row" },                                              \
    { "KEYS >= 1 && KEYS * " words " / TX <= 32", "more than 128 elements of K per lane" },                           \
    { "ROWS * BD / TX <= 256", "more than 256 accumulators per lane" }
static const struct mxb_limit subgroup_f16_limits[] = { SUBGROUP_LIMITS("BD / 8") };
static const struct mxb_limit subgroup_f32_limits[] = { SUBGROUP_LIMITS("BD / 4") };
static const struct mxb_kernel subgroup_kernel[] = {
    { .entry = "flash_attn_vec", .source = "flash_attn_vec_subgroup", .grid = { "nwg", "n_heads / ROWS" },
      .local = { "WG" }, .local_bytes = "WG / SG * ROWS * (4 * BD + 8)" },
};

static const struct mxb_tile cpu_tiles[] = {     /* S_ROWS, S_GROUPS */
    { "ROWS", 1000, "min(n_heads / n_kv_heads, 8)", "1 2 4 8 16", "query heads of a key/value head per item" },
    /* Some 32 items, for that many threads, but 4 groups at least: chunks that lie alone are read a sixth slower. */
    { "GROUPS", 1001, "max(min(nwg, 4), min(nwg, n_kv_heads * nwg / 32))", "1 2 4 8 16 32",
      "groups per item, whose chunks it takes in the order of addresses" },
};
static const struct mxb_limit cpu_limits[] = {
    { "ROWS >= 1 && ROWS <= 1024", "ROWS must be in 1..1024" },
    { "GROUPS >= 1 && GROUPS <= 32", "GROUPS must be in 1..32" },
};
#define CPU_KERNEL(name)                                                                                             \
    { .entry = #name, .source = #name,                                                                              \
      .grid = { "n_kv_heads * cdiv(n_heads / n_kv_heads, ROWS)", "cdiv(nwg, GROUPS)" },                              \
      .scratch_bytes = "ROWS * (8 * BD + 512 + GROUPS * (4 * BD + 136)) + 4096", .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(flash_attn_vec_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(flash_attn_vec_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(flash_attn_vec_cpu_avx512) };

#define CPU_IMPL(n, text, feature, k)                                                                                \
    { .lang = "c", .name = n, .about = text, .needs = feature, .tile = cpu_tiles, .ntile = MXB_COUNT(cpu_tiles),     \
      .limit = cpu_limits, .nlimit = MXB_COUNT(cpu_limits), .kernel = k, .nkernel = 1 }
#define GPU_IMPL(names, feature)                                                                                     \
    { .lang = "cl comp", .name = "group", .about = "one workgroup per group of chunks and ROWS query heads",         \
      .needs = feature, .entries = names, .tile = gpu_tiles, .ntile = MXB_COUNT(gpu_tiles), .limit = gpu_limits,     \
      .nlimit = MXB_COUNT(gpu_limits), .kernel = gpu_kernel, .nkernel = 1 }
#define SUBGROUP_IMPL(names, feature, limits)                                                                         \
    { .lang = "comp", .name = "subgroup", .about = "lanes that share a key keep their sums in registers",            \
      .needs = MXB_FEAT_SUBGROUP | feature, .entries = names, .tile = subgroup_tiles,                                \
      .ntile = MXB_COUNT(subgroup_tiles), .limit = limits, .nlimit = MXB_COUNT(limits), .kernel = subgroup_kernel,   \
      .nkernel = 1 }
static const char entries_f32[] = "flash_attn_vec_dk128 flash_attn_vec_dk256 flash_attn_vec_dk512";
static const char entries_f16[] = "flash_attn_vec_f16kv_dk128 flash_attn_vec_f16kv_dk256 flash_attn_vec_f16kv_dk512";
static const struct mxb_impl impls[] = {
    CPU_IMPL("avx512", "AVX-512, K and V are read once for up to ROWS heads", MXB_FEAT_AVX512, cpu_avx512_kernel),
    CPU_IMPL("avx2", "AVX2 and FMA, K and V are read once for up to ROWS heads", MXB_FEAT_AVX2, cpu_avx2_kernel),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel),
    SUBGROUP_IMPL(entries_f32, 0, subgroup_f32_limits),
    SUBGROUP_IMPL(entries_f16, MXB_FEAT_F16_STORAGE, subgroup_f16_limits),
    GPU_IMPL(entries_f32, 0),
    GPU_IMPL(entries_f16, MXB_FEAT_F16_STORAGE),
};

const struct mxb_op mxb_op_flash_attn_vec = {
    .abi = MXB_OP_ABI, .name = "flash_attn_vec", .family = "attention",
    .about = "decode attention of one query per head, keys split over groups",
    .source_ref = "mlx-native, flash_attn_vec.metal",
    .param = flash_attn_vec_param, .nparam = MXB_COUNT(flash_attn_vec_param),
    .param_bytes = sizeof(struct flash_attn_vec_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT | 1u << MXB_FILL_NEEDLE | 1u << MXB_FILL_LARGE |
             1u << MXB_FILL_PROBE,
    .def_version = 1,
    .validate = validate, .generate = generate, .reference = reference, .items = "nwg == 1 ? n_heads : 1",
    .flops = flops, .bytes = bytes,
};
