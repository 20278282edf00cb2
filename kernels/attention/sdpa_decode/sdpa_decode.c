/* sdpa_decode: attention of one query per head over a key/value cache, O = softmax(scale q K^T) V over all valid keys.
 * Here two kernels: partial sums of PARTS parts of the keys, and their merge; upstream merges within a workgroup of 1, 2 or 4
 * parts, with the same result but for the order of sums.  Source: mlx-native, sdpa_decode.metal and .rs. */
#define MXB_PARAMS_TABLE struct sdpa_decode_params
#include "kernels/attention/sdpa_decode/sdpa_decode.h"
#include <inttypes.h>
#include <stdio.h>
#include "kernels/common/attend_fill.h"
#include "kernels/common/attend_oracle.h"

/* In the order of the dispatcher upstream; sizes of zero fail the ranges of the parameter table before. */
static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct sdpa_decode_params *p = pr->params;
    if (p->head_dim % 32)
        snprintf(why, whylen, "Invalid argument: head_dim (%" PRIu32 ") must be a multiple of 32", p->head_dim);
    else if (p->n_heads % p->n_kv_heads)
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
    (void)row;
    *lo = 0;
    *hi = f->keys;
}

static bool generate(const struct mxb_gen_ctx *g, uint32_t t, void *out)
{
    const struct sdpa_decode_params *p = g->pr->params;
    const struct attend_fill f = {
        .pr = g->pr, .d = p->head_dim, .heads = p->n_kv_heads, .rows = p->n_heads / p->n_kv_heads, .keys = p->kv_seq_len,
        .capacity = p->kv_capacity, .period = p->kv_seq_len, .scale = (double)p->scale, .nan_rows = true, .range = range,
    };
    return attend_generate(&f, t, g->pr->dtype[t], out);
}

static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct sdpa_decode_params *p = pr->params;
    const uint64_t d = p->head_dim;
    uint32_t *keys = malloc(p->kv_seq_len * sizeof *keys);
    for (uint32_t k = 0; keys && k < p->kv_seq_len; k++) keys[k] = k;
    for (int64_t r = r0; r < r1; r++) {
        const uint64_t at = (uint64_t)r * d, kv = (uint64_t)r / (p->n_heads / p->n_kv_heads) * p->kv_capacity * d;
        const struct attend_row row = {
            .d = p->head_dim, .scale = (double)p->scale, .q = t[T_Q].v + at, .k = t[T_K].v + kv, .v = t[T_V].v + kv,
        };
        struct attend_result o;
        const bool done = keys && attend_oracle(&row, keys, p->kv_seq_len, true, &o);
        for (uint64_t c = 0; c < d; c++) {
            t[T_O].v[at + c] = done ? o.v[c] : (double)NAN;      /* without memory nothing can pass */
            t[T_O].p[at + c] = done ? o.p[c] : 0;
            t[T_O].x[at + c] = done ? o.x[c] : 0;
        }
    }
    free(keys);
}

static double flops(const struct mxb_problem *pr)
{
    const struct sdpa_decode_params *p = pr->params;
    return 4.0 * (double)pr->nelem[T_Q] * p->kv_seq_len;
}

/* Q, O and the valid keys and values; what the parts leave for the merge is not compulsory. */
static double bytes(const struct mxb_problem *pr)
{
    const struct sdpa_decode_params *p = pr->params;
    return 8.0 * ((double)pr->nelem[T_Q] + (double)p->n_kv_heads * p->kv_seq_len * p->head_dim);
}

static const struct mxb_tensor tensors[] = {     /* T_Q, T_K, ... */
    { .name = "Q", .role = MXB_IN, .dtype = MXB_T, .shape = "n_heads,head_dim", .gen = MXB_GEN_NORMAL },
    { .name = "K", .role = MXB_IN, .dtype = MXB_T, .shape = "n_kv_heads,kv_capacity,head_dim", .gen = MXB_GEN_NORMAL },
    { .name = "V", .role = MXB_IN, .dtype = MXB_T, .shape = "n_kv_heads,kv_capacity,head_dim", .gen = MXB_GEN_NORMAL },
    { .name = "O", .role = MXB_OUT, .dtype = MXB_T, .shape = "n_heads,head_dim" },
    { .name = "tmp", .role = MXB_SCRATCH, .dtype = MXB_T, .shape = "n_heads * PARTS * (head_dim + 2)", .per_tile = true },
};
static const struct mxb_entry entries[] = {
    { "sdpa_decode", { MXB_F32, MXB_F32 }, NULL },
};

/* At least two chunks of 32 keys per part. */
#define PARTS_TILE(id) { "PARTS", id, "max(1, min(32, kv_seq_len / 64))", "1 2 4 8 16 32", "parts of the keys" }
static const struct mxb_tile gpu_tiles[] = {
    { "WG",   1000, "max(32, min(128, np2(head_dim / 4)))", "32 64 128 256", "work items per workgroup" },
    { "ROWS", 1001, "n_heads / n_kv_heads % 4 == 0 ? 4 : n_heads / n_kv_heads % 2 == 0 ? 2 : 1", "1 2 4 8",
      "query heads of a key/value head per workgroup" },
    { "TX",   1002, "8", "4 8 16 32", "work items that share a key" },
    { "COLS", 1003, "cdiv(head_dim, 4 * WG)", "1 2 4", "groups of four output columns per work item" },
    { "VEC",  1004, "4", "4", "elements per load" },
    PARTS_TILE(1005),
};
#define PARTS_LIMIT { "PARTS >= 1 && PARTS <= 32", "PARTS must be in 1..32" }
static const struct mxb_limit gpu_limits[] = {
    PARTS_LIMIT,
    { "ROWS >= 1 && n_heads / n_kv_heads % ROWS == 0", "ROWS must divide the query heads of a key/value head" },
    { "WG >= 32", "WG must be at least the 32 keys of a chunk" },
    { "TX >= 1 && WG % TX == 0", "WG must be a multiple of TX" },
    { "COLS >= 1 && 4 * WG * COLS >= head_dim", "4 WG COLS must not be less than the head dimension" },
    { "VEC == 4", "VEC must be 4" },
    { "ROWS * COLS <= 32", "more than 128 accumulators per work item" },
    { "WG <= max_wg", "WG exceeds the device's workgroup size" },
};
static const struct mxb_kernel gpu_kernels[] = {
    { .entry = "sdpa_decode", .source = "sdpa_decode", .grid = { "PARTS", "n_heads / ROWS" }, .local = { "WG" },
      .bind = "Q K V tmp", .local_bytes = "ROWS * (16 * WG * COLS + 128 * TX + 264)" },
    { .entry = "sdpa_decode_merge", .source = "sdpa_decode_merge", .grid = { "n_heads" }, .local = { "WG" },
      .bind = "tmp O", .local_bytes = "256" },
};

static const struct mxb_tile cpu_tiles[] = {     /* S_PARTS, S_ROWS */
    PARTS_TILE(1005),
    { "ROWS", 1000, "min(n_heads / n_kv_heads, 8)", "1 2 4 8 16", "query heads of a key/value head per item" },
};
static const struct mxb_limit cpu_limits[] = {
    PARTS_LIMIT,
    { "ROWS >= 1 && ROWS <= 1024", "ROWS must be in 1..1024" },
};
/* Scratch for the largest head dimension: a pipeline serves every problem with its tile. */
#define CPU_KERNELS(suffix)                                                                                          \
    { .entry = "sdpa_decode_cpu" #suffix, .source = "sdpa_decode_cpu" #suffix, .bind = "Q K V tmp",                  \
      .grid = { "n_kv_heads * cdiv(n_heads / n_kv_heads, ROWS)", "PARTS" },                                          \
      .scratch_bytes = "ROWS * (12 * 512 + 648) + 4096", .cpu = sdpa_decode_cpu##suffix },                      \
    { .entry = "sdpa_decode_merge_cpu" #suffix, .source = "sdpa_decode_cpu" #suffix, .bind = "tmp O",                \
      .grid = { "n_heads" }, .cpu = sdpa_decode_merge_cpu##suffix }
static const struct mxb_kernel cpu_kernels[] = { CPU_KERNELS() };
static const struct mxb_kernel cpu_avx2_kernels[] = { CPU_KERNELS(_avx2) };
static const struct mxb_kernel cpu_avx512_kernels[] = { CPU_KERNELS(_avx512) };

#define CPU_IMPL(n, text, feature, k)                                                                                \
    { .lang = "c", .name = n, .about = text, .needs = feature, .tile = cpu_tiles, .ntile = MXB_COUNT(cpu_tiles),     \
      .limit = cpu_limits, .nlimit = MXB_COUNT(cpu_limits), .kernel = k, .nkernel = 2 }
static const struct mxb_impl impls[] = {
    CPU_IMPL("avx512", "AVX-512, K and V are read once for up to ROWS heads", MXB_FEAT_AVX512, cpu_avx512_kernels),
    CPU_IMPL("avx2", "AVX2 and FMA, K and V are read once for up to ROWS heads", MXB_FEAT_AVX2, cpu_avx2_kernels),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernels),
    { .lang = "cl comp", .name = "split", .about = "one workgroup per part of the keys and ROWS query heads, then a merge",
      .tile = gpu_tiles, .ntile = MXB_COUNT(gpu_tiles), .limit = gpu_limits, .nlimit = MXB_COUNT(gpu_limits),
      .kernel = gpu_kernels, .nkernel = 2 },
};

const struct mxb_op mxb_op_sdpa_decode = {
    .abi = MXB_OP_ABI, .name = "sdpa_decode", .family = "attention",
    .about = "decode attention of one query per head over all keys",
    .source_ref = "mlx-native, sdpa_decode.metal",
    .param = sdpa_decode_param, .nparam = MXB_COUNT(sdpa_decode_param), .param_bytes = sizeof(struct sdpa_decode_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT | 1u << MXB_FILL_NEEDLE | 1u << MXB_FILL_LARGE |
             1u << MXB_FILL_PROBE,
    .def_version = 1,
    .validate = validate, .generate = generate, .reference = reference, .items = "n_heads", .flops = flops, .bytes = bytes,
};
