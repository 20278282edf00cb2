/* sdpa: O = softmax(scale Q K^T) V per head, with grouped key/value heads and the causal rule: query row q is at position
 * kv_seq_len - seq_len + q and attends the keys up to its own, in the sliding entries only the last window_size + 1 of them.
 * Source: mlx-native, sdpa.metal, sdpa_sliding.metal and their hosts. */
#define MXB_PARAMS_TABLE struct sdpa_params
#include "kernels/attention/sdpa/sdpa.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "kernels/common/attend_fill.h"
#include "kernels/common/attend_oracle.h"

static bool is_sliding(const struct mxb_problem *pr)
{
    return strcmp(pr->entry->consts, "SLIDING=1") == 0;
}

static uint32_t capacity(const struct sdpa_params *p)
{
    return p->kv_capacity ? p->kv_capacity : p->kv_seq_len;
}

/* Keys [lo,hi) that query row q attends: its own and all before it, or window_size of those. */
static void keys_of_row(const struct mxb_problem *pr, uint32_t q, uint32_t *lo, uint32_t *hi)
{
    const struct sdpa_params *p = pr->params;
    const uint32_t own = p->kv_seq_len - p->seq_len + q;
    *lo = is_sliding(pr) && own >= p->window_size ? own - p->window_size : 0;
    *hi = own + 1;
}

/* In the order of the dispatcher upstream; sizes of zero fail the ranges of the parameter table before.  Upstream lets more
 * queries than keys pass, and rows then see all keys or none. */
static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct sdpa_params *p = pr->params;
    if (p->n_heads % p->n_kv_heads)
        snprintf(why, whylen, "Invalid argument: n_heads (%" PRIu32 ") must be divisible by n_kv_heads (%" PRIu32 ")",
                 p->n_heads, p->n_kv_heads);
    else if (p->seq_len > p->kv_seq_len)
        snprintf(why, whylen, "Invalid argument: seq_len (%" PRIu32 ") must not exceed kv_seq_len (%" PRIu32 ")", p->seq_len,
                 p->kv_seq_len);
    else if (capacity(p) < p->kv_seq_len)
        snprintf(why, whylen, "Invalid argument: kv_capacity (%" PRIu32 ") must be 0 or at least kv_seq_len (%" PRIu32 ")",
                 p->kv_capacity, p->kv_seq_len);
    else if (!(fabsf(p->scale) >= 0x1p-14f))
        snprintf(why, whylen, "Invalid argument: scale (%.9g) must be at least 2^-14 in magnitude", (double)p->scale);
    else if (pr->nelem[T_Q] > UINT32_MAX || pr->nelem[T_K] > UINT32_MAX)
        snprintf(why, whylen, "Invalid argument: Q or K has 2^32 elements or more, too many for 32-bit offsets");
    else
        return 0;
    return MXB_EINVAL;
}

/* Rows of a key/value head: those of its first query head, of its second, ... */
static void range(const struct attend_fill *f, uint32_t row, uint32_t *lo, uint32_t *hi)
{
    const struct sdpa_params *p = f->pr->params;
    keys_of_row(f->pr, row % p->seq_len, lo, hi);
}

static bool generate(const struct mxb_gen_ctx *g, uint32_t t, void *out)
{
    const struct mxb_problem *pr = g->pr;
    const struct sdpa_params *p = pr->params;
    const struct attend_fill f = {
        .pr = pr, .d = p->head_dim, .heads = p->batch * p->n_kv_heads, .rows = p->n_heads / p->n_kv_heads * p->seq_len,
        .keys = p->kv_seq_len, .capacity = capacity(p), .period = is_sliding(pr) ? p->window_size + 1 : p->kv_seq_len,
        .scale = (double)p->scale, .nan_rows = true, .range = range,
    };
    return attend_generate(&f, t, pr->dtype[t], out);
}

static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct sdpa_params *p = pr->params;
    const uint64_t d = p->head_dim;
    uint32_t *keys = malloc(p->kv_seq_len * sizeof *keys);
    for (int64_t r = r0; r < r1; r++) {
        const uint64_t head = (uint64_t)r / p->seq_len, at = (uint64_t)r * d;
        const uint64_t kv_head = head / p->n_heads * p->n_kv_heads + head % p->n_heads / (p->n_heads / p->n_kv_heads);
        const uint64_t kv = kv_head * capacity(p) * d;
        const struct attend_row row = {
            .d = p->head_dim, .scale = (double)p->scale, .q = t[T_Q].v + at, .k = t[T_K].v + kv, .v = t[T_V].v + kv,
        };
        struct attend_result o;
        uint32_t lo, hi;
        keys_of_row(pr, (uint32_t)(r % p->seq_len), &lo, &hi);
        for (uint32_t k = lo; keys && k < hi; k++) keys[k - lo] = k;
        const bool done = keys && attend_oracle(&row, keys, hi - lo, true, &o);
        for (uint64_t c = 0; c < d; c++) {
            t[T_O].v[at + c] = done ? o.v[c] : (double)NAN;      /* without memory nothing can pass */
            t[T_O].p[at + c] = done ? o.p[c] : 0;
            t[T_O].x[at + c] = done ? o.x[c] : 0;
        }
    }
    free(keys);
}

/* Pairs of a query and a key that it attends, per head. */
static double pairs(const struct mxb_problem *pr)
{
    const struct sdpa_params *p = pr->params;
    double sum = 0;
    for (uint32_t q = 0; q < p->seq_len; q++) {
        uint32_t lo, hi;
        keys_of_row(pr, q, &lo, &hi);
        sum += hi - lo;
    }
    return sum;
}

static double flops(const struct mxb_problem *pr)
{
    const struct sdpa_params *p = pr->params;
    return 4.0 * p->batch * p->n_heads * p->head_dim * pairs(pr);
}

/* Q and O, and the keys and values that some row attends. */
static double bytes(const struct mxb_problem *pr)
{
    const struct sdpa_params *p = pr->params;
    uint32_t lo, hi;
    keys_of_row(pr, 0, &lo, &hi);
    const double kv = (double)p->batch * p->n_kv_heads * (p->kv_seq_len - lo) * p->head_dim;
    return (double)mxb_dtype_size(pr->dtype[T_Q]) * 2 * ((double)pr->nelem[T_Q] + kv);
}

#define KV_SHAPE "batch, n_kv_heads, kv_capacity == 0 ? kv_seq_len : kv_capacity, head_dim"
static const struct mxb_tensor tensors[] = {     /* T_Q, T_K, ... */
    { .name = "Q", .role = MXB_IN,  .dtype = MXB_T, .shape = "batch,n_heads,seq_len,head_dim", .gen = MXB_GEN_NORMAL },
    { .name = "K", .role = MXB_IN,  .dtype = MXB_T, .shape = KV_SHAPE, .gen = MXB_GEN_NORMAL },
    { .name = "V", .role = MXB_IN,  .dtype = MXB_T, .shape = KV_SHAPE, .gen = MXB_GEN_NORMAL },
    { .name = "O", .role = MXB_OUT, .dtype = MXB_T, .shape = "batch,n_heads,seq_len,head_dim" },
};

static const struct mxb_entry entries[] = {
    { "sdpa",              { MXB_F32, MXB_F32 },   "SLIDING=0" },
    { "sdpa_bf16",         { MXB_BF16, MXB_BF16 }, "SLIDING=0" },
    { "sdpa_sliding",      { MXB_F32, MXB_F32 },   "SLIDING=1" },
    { "sdpa_sliding_bf16", { MXB_BF16, MXB_BF16 }, "SLIDING=1" },
};

#define GROUP_ROWS "n_heads / n_kv_heads * seq_len"      /* query rows of a key/value head */
static const struct mxb_tile gpu_tiles[] = {
    { "WG",   1000, "max(32, min(128, np2(cdiv(head_dim, 4))))", "32 64 128 256", "work items per workgroup" },
    { "ROWS", 1001, "min(4, np2(" GROUP_ROWS "))", "1 2 4 8", "query rows of a key/value head per workgroup" },
    { "TX",   1002, "8", "4 8 16 32", "work items that share a key" },
    { "COLS", 1003, "cdiv(head_dim, 4 * WG)", "1 2 4", "groups of four output columns per work item" },
    { "VEC",  1004, "head_dim % 4 == 0 ? 4 : 1", "1 4", "elements per load" },
};
static const struct mxb_limit gpu_limits[] = {
    { "ROWS >= 1 && ROWS <= WG", "ROWS must be in 1..WG" },
    { "WG >= 32", "WG must be at least the 32 keys of a chunk" },
    { "TX >= 1 && WG % TX == 0", "WG must be a multiple of TX" },
    { "COLS >= 1 && 4 * WG * COLS >= head_dim", "4 WG COLS must not be less than the head dimension" },
    { "VEC == 1 || VEC == 4", "VEC must be 1 or 4" },
    { "head_dim % VEC == 0", "VEC must divide head_dim" },
    { "ROWS * COLS <= 32", "more than 128 accumulators per work item" },
    { "WG <= max_wg", "WG exceeds the device's workgroup size" },
};
static const struct mxb_kernel gpu_kernel[] = {
    { .entry = "sdpa", .source = "sdpa", .grid = { "cdiv(" GROUP_ROWS ", ROWS)", "n_kv_heads", "batch" }, .local = { "WG" },
      .local_bytes = "ROWS * (16 * WG * COLS + 128 * TX + 264)" },
};

static const struct mxb_tile cpu_tiles[] = {     /* S_ROWS */
    { "ROWS", 1000, "min(" GROUP_ROWS ", 8)", "1 2 4 8 16 32", "query rows of a key/value head per item" },
};
static const struct mxb_limit cpu_limits[] = { { "ROWS >= 1 && ROWS <= 1024", "ROWS must be in 1..1024" } };
/* Scratch for the largest head dimension: a pipeline serves every problem with its tile. */
#define CPU_KERNEL(name)                                                                                             \
    { .entry = #name, .source = #name, .grid = { "cdiv(" GROUP_ROWS ", ROWS)", "n_kv_heads", "batch" },              \
      .scratch_bytes = "ROWS * (8 * 512 + 512) + 4096", .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(sdpa_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(sdpa_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(sdpa_cpu_avx512) };

#define CPU_IMPL(n, text, feature, k)                                                                                \
    { .lang = "c", .name = n, .about = text, .needs = feature, .tile = cpu_tiles, .ntile = MXB_COUNT(cpu_tiles),     \
      .limit = cpu_limits, .nlimit = MXB_COUNT(cpu_limits), .kernel = k, .nkernel = 1 }
#define GPU_IMPL(names, feature)                                                                                     \
    { .lang = "cl comp", .name = "rows", .about = "one workgroup per ROWS query rows of a key/value head",           \
      .needs = feature, .entries = names, .tile = gpu_tiles, .ntile = MXB_COUNT(gpu_tiles), .limit = gpu_limits,     \
      .nlimit = MXB_COUNT(gpu_limits), .kernel = gpu_kernel, .nkernel = 1 }
static const struct mxb_impl impls[] = {
    CPU_IMPL("avx512", "AVX-512, K and V are read once for up to ROWS query rows", MXB_FEAT_AVX512, cpu_avx512_kernel),
    CPU_IMPL("avx2", "AVX2 and FMA, K and V are read once for up to ROWS query rows", MXB_FEAT_AVX2, cpu_avx2_kernel),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel),
    GPU_IMPL("sdpa sdpa_sliding", 0),
    GPU_IMPL("sdpa_bf16 sdpa_sliding_bf16", MXB_FEAT_F16_STORAGE),
};

const struct mxb_op mxb_op_sdpa = {
    .abi = MXB_OP_ABI, .name = "sdpa", .family = "attention",
    .about = "causal attention with grouped key/value heads, in one pass, also with a sliding window",
    .source_ref = "mlx-native, sdpa.metal and sdpa_sliding.metal",
    .param = sdpa_param, .nparam = MXB_COUNT(sdpa_param), .param_bytes = sizeof(struct sdpa_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT | 1u << MXB_FILL_NEEDLE | 1u << MXB_FILL_LARGE |
             1u << MXB_FILL_PROBE,
    .def_version = 1,
    .validate = validate, .generate = generate, .reference = reference, .items = "batch * n_heads * seq_len",
    .flops = flops, .bytes = bytes,
};
