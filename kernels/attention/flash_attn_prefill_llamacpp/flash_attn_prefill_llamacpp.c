/* flash_attn_prefill_llamacpp: prefill attention of head dimension 512 in tiles of 8 query rows and 64 keys, natural exponential:
 *     s = scale Q K^T + f32(f16(mask)),   O = softmax(s) V
 * Unlike flash_attn_prefill, Q is not scaled first and an additive mask passes through f16: beyond +-65504 it is infinite.  A row
 * that attends nothing is 0.  blk: class of each mask tile, 0 = skip it, 2 = the mask changes nothing, 1 = neither.
 * Source: mlx-native, flash_attn_prefill_d512.metal and .rs; rows behind the last key, which upstream reads, count as absent. */
#define MXB_PARAMS_TABLE struct flash_attn_prefill_llamacpp_params
#include "kernels/attention/flash_attn_prefill_llamacpp/flash_attn_prefill_llamacpp.h"
#include <inttypes.h>
#include <stdio.h>
#include "kernels/common/attend_fill.h"
#include "kernels/common/attend_oracle.h"

#define params_type struct flash_attn_prefill_llamacpp_params

enum { CONTENT_WINDOW, CONTENT_RANDOM, CONTENT_BIAS, CONTENT_FULL };     /* parameter mask_fill */

static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const params_type *p = pr->params;
    const uint64_t limit = UINT32_MAX;
    if (p->has_blk && p->mask == MASK_NONE)
        snprintf(why, whylen, "Invalid argument: has_blk needs a mask");
    else if (p->n_heads % p->n_kv_heads)
        snprintf(why, whylen, "Invalid argument: n_heads (%" PRIu32 ") must be divisible by n_kv_heads (%" PRIu32 ")",
                 p->n_heads, p->n_kv_heads);
    else if (p->nsg != 4 && p->nsg != 8)
        snprintf(why, whylen, "Invalid argument: nsg must be 4 or 8, not %" PRIu32, p->nsg);
    else if (!(fabsf(p->scale) >= 0x1p-14f))
        snprintf(why, whylen, "Invalid argument: scale (%.9g) must be at least 2^-14 in magnitude", (double)p->scale);
    else if (pr->nelem[T_Q] > limit || pr->nelem[T_K] > limit || pr->nelem[T_MASK] > limit)
        snprintf(why, whylen, "Invalid argument: Q, K or the mask has 2^32 elements or more, too many for 32-bit offsets");
    else
        return 0;
    return MXB_EINVAL;
}

/* Keys [lo,hi) that the causal rule and a window mask leave to query row q; not empty, or lo = hi. */
static void keys_of_row(const params_type *p, uint32_t q, uint32_t *lo, uint32_t *hi)
{
    const bool window = p->mask != MASK_NONE && p->mask_fill == CONTENT_WINDOW;
    const uint64_t own = (uint64_t)q + p->q_offset;
    *hi = (p->do_causal || window) && own < p->seq_len_k ? (uint32_t)own + 1 : p->seq_len_k;
    *lo = window && own >= p->window ? (uint32_t)(own - p->window + 1) : 0;
    if (*lo > *hi) *lo = *hi;
}

/* ---- inputs ---- */

enum { STREAM_CELL = 0x6c6c0001, STREAM_BIAS, STREAM_ROW };      /* of mxb_rand_* */

/* For targets of needle and exact fills an empty range counts as all keys: what such a row holds is free. */
static void range(const struct attend_fill *f, uint32_t row, uint32_t *lo, uint32_t *hi)
{
    const params_type *p = f->pr->params;
    keys_of_row(p, row % p->seq_len_q, lo, hi);
    if (*lo == *hi) {
        *lo = 0;
        *hi = p->seq_len_k;
    }
}

static struct attend_fill fill_of(const struct mxb_problem *pr)
{
    const params_type *p = pr->params;
    return (struct attend_fill){
        .pr = pr, .d = HEAD_DIM, .heads = p->batch * p->n_kv_heads, .rows = p->n_heads / p->n_kv_heads * p->seq_len_q,
        .keys = p->seq_len_k, .capacity = p->seq_len_k, .period = p->seq_len_k, .scale = (double)p->scale, .range = range,
    };
}

/* True where some head's query row q is to match key k, so that the cell must stay open. */
static bool is_target(const struct attend_fill *f, uint32_t q, uint32_t k)
{
    const params_type *p = f->pr->params;
    if (f->pr->fill != MXB_FILL_EXACT && f->pr->fill != MXB_FILL_NEEDLE) return false;
    for (uint32_t head = 0; head < f->heads; head++)
        for (uint32_t row = q; row < f->rows; row += p->seq_len_q)
            if (attend_code_of(f, head, attend_target(f, head, row)) == attend_code_of(f, head, k)) return true;
    return false;
}

/* Additive mask value of a cell; -inf where a bool mask is false.  row: of the mask. */
static double mask_cell(const struct attend_fill *f, uint64_t row, uint32_t k)
{
    const params_type *p = f->pr->params;
    const uint32_t q = (uint32_t)(row % p->seq_len_q), percent = mxb_rand_u32(f->pr->seed, STREAM_CELL, row * p->seq_len_k + k) % 100;
    uint32_t lo, hi;
    switch (p->mask_fill) {
    case CONTENT_WINDOW:
        keys_of_row(p, q, &lo, &hi);
        return k >= lo && k < hi ? 0 : -INFINITY;
    case CONTENT_RANDOM:             /* about 30 % of the cells, and one row in sixteen */
        return mxb_rand_u32(f->pr->seed, STREAM_ROW, row) % 16 == 0 || (percent < 30 && !is_target(f, q, k)) ? -INFINITY : 0;
    case CONTENT_BIAS:               /* -1e5 is finite in bf16, but not in f16 */
        if (f->pr->fill == MXB_FILL_EXACT || f->pr->fill == MXB_FILL_NEEDLE) return percent < 60 || is_target(f, q, k) ? 0 : -128;
        return percent >= 85 ? -1e5 : mxb_rand_normal(f->pr->seed, STREAM_BIAS, row * p->seq_len_k + k);
    default:
        return -INFINITY;
    }
}

static void fill_mask(const struct mxb_problem *pr, void *out)
{
    const params_type *p = pr->params;
    const struct attend_fill f = fill_of(pr);
    for (uint64_t i = 0; i < pr->nelem[T_MASK]; i++) {
        const double value = mask_cell(&f, i / p->seq_len_k, (uint32_t)(i % p->seq_len_k));
        mxb_store(pr->dtype[T_MASK], out, i, pr->dtype[T_MASK] == MXB_BOOL ? value > -1000 : value);
    }
}

/* Class of the tile at (q0, k0) over all heads of the mask; a tile that extends past the last key is 1. */
static uint8_t tile_class(const struct mxb_problem *pr, const void *mask, uint64_t q0, uint64_t k0)
{
    const params_type *p = pr->params;
    const bool boolmask = pr->dtype[T_MASK] == MXB_BOOL;
    bool all_blocked = true, all_open = true;
    if (k0 + TILE_KEYS > p->seq_len_k) return 1;
    for (uint64_t row = 0; row < pr->nelem[T_MASK] / p->seq_len_k; row++)
        for (uint64_t k = k0; row % p->seq_len_q / TILE_ROWS == q0 / TILE_ROWS && k < k0 + TILE_KEYS; k++) {
            const double v = mxb_load(pr->dtype[T_MASK], mask, row * p->seq_len_k + k);
            all_blocked &= boolmask ? v == 0 : v <= -1e30;
            all_open &= boolmask ? v != 0 : v == 0;
        }
    return all_blocked ? 0 : all_open ? 2 : 1;
}

static bool generate(const struct mxb_gen_ctx *g, uint32_t t, void *out)
{
    const params_type *p = g->pr->params;
    const struct attend_fill f = fill_of(g->pr);
    uint8_t *blk = out;
    if (t == T_MASK) fill_mask(g->pr, out);
    for (uint64_t q = 0; t == T_BLK && q < p->seq_len_q; q += TILE_ROWS)
        for (uint64_t k = 0; k < p->seq_len_k; k += TILE_KEYS) *blk++ = tile_class(g->pr, g->stored[T_MASK], q, k);
    return t > T_V || attend_generate(&f, t, g->pr->dtype[t], out);
}

/* ---- oracle ---- */

/* Numbers of the keys that a row attends, and the biases of all; mask: the row's cells or NULL. */
static uint32_t attended(const struct mxb_problem *pr, uint32_t q, const double *mask, uint32_t *keys, double *bias)
{
    const params_type *p = pr->params;
    const bool boolmask = pr->dtype[T_MASK] == MXB_BOOL;
    uint32_t n = 0;
    for (uint32_t k = 0; k < p->seq_len_k; k++) {
        const double cell = !mask ? 0 : boolmask ? (mask[k] != 0 ? 0 : -INFINITY) : mxb_round(MXB_F16, mask[k]);
        bias[k] = cell;
        if (cell > -INFINITY && !(p->do_causal && k > (uint64_t)q + p->q_offset)) keys[n++] = k;
    }
    return n;
}

static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const params_type *p = pr->params;
    uint32_t *keys = malloc(p->seq_len_k * sizeof *keys);
    double *bias = malloc(p->seq_len_k * sizeof *bias);
    for (int64_t r = r0; r < r1; r++) {
        const uint64_t head = (uint64_t)r / p->seq_len_q, q = (uint64_t)r % p->seq_len_q, at = (uint64_t)r * HEAD_DIM;
        const uint64_t kv_head = head / p->n_heads * p->n_kv_heads + head % p->n_heads / (p->n_heads / p->n_kv_heads);
        const uint64_t kv = kv_head * p->seq_len_k * HEAD_DIM;
        const double *mask = p->mask ? t[T_MASK].v + (p->mask == MASK_RANK4 ? (uint64_t)r : q) * p->seq_len_k : NULL;
        const struct attend_row row = {
            .d = HEAD_DIM, .scale = (double)p->scale, .q = t[T_Q].v + at, .k = t[T_K].v + kv, .v = t[T_V].v + kv,
            .bias = mask && pr->dtype[T_MASK] != MXB_BOOL ? bias : NULL,
        };
        struct attend_result o;
        const bool done = keys && bias && attend_oracle(&row, keys, attended(pr, (uint32_t)q, mask, keys, bias), true, &o);
        for (uint32_t c = 0; c < HEAD_DIM; c++) {
            t[T_O].v[at + c] = done ? o.v[c] : (double)NAN;      /* without memory nothing can pass */
            t[T_O].p[at + c] = done ? o.p[c] : 0;
            t[T_O].x[at + c] = done ? o.x[c] : 0;
        }
    }
    free(keys);
    free(bias);
}

/* Pairs are counted by the causal rule and the window of a window mask; other masks count as if they blocked nothing. */
static double flops(const struct mxb_problem *pr)
{
    const params_type *p = pr->params;
    double pairs = 0;
    for (uint32_t q = 0; q < p->seq_len_q; q++) {
        uint32_t lo, hi;
        keys_of_row(p, q, &lo, &hi);
        pairs += hi - lo;
    }
    return 4.0 * p->batch * p->n_heads * HEAD_DIM * pairs;
}

/* ---- tables ---- */

static const struct mxb_tensor tensors[] = {     /* T_Q, T_K, ... */
    { .name = "Q", .role = MXB_IN, .dtype = MXB_T, .shape = "batch,n_heads,seq_len_q,512", .gen = MXB_GEN_NORMAL },
    { .name = "K", .role = MXB_IN, .dtype = MXB_T, .shape = "batch,n_kv_heads,seq_len_k,512", .gen = MXB_GEN_NORMAL },
    { .name = "V", .role = MXB_IN, .dtype = MXB_T, .shape = "batch,n_kv_heads,seq_len_k,512", .gen = MXB_GEN_NORMAL },
    { .name = "O", .role = MXB_OUT, .dtype = MXB_T, .shape = "batch,n_heads,seq_len_q,512" },
    { .name = "mask", .role = MXB_IN, .dtype = MXB_T3, .present = "mask != 0",
      .shape = "mask == 2 ? batch : 1, mask == 2 ? n_heads : 1, seq_len_q, seq_len_k" },
    { .name = "blk", .role = MXB_IN, .dtype = MXB_U8, .present = "has_blk",
      .classes = "skipped mixed clean", .shape = "cdiv(seq_len_q, 8), cdiv(seq_len_k, 64)" },
};
static const struct mxb_entry entries[] = {      /* T, T2: Q, K, V and O; T3: mask */
    { "flash_attn_prefill_llamacpp_bf16_d512",          { MXB_BF16, MXB_BF16, MXB_BF16 }, "BD=512 BOOLMASK=0" },
    { "flash_attn_prefill_llamacpp_bf16_d512_boolmask", { MXB_BF16, MXB_BF16, MXB_BOOL }, "BD=512 BOOLMASK=1" },
    { "flash_attn_prefill_llamacpp_f16_d512",           { MXB_F16, MXB_F16, MXB_F16 },    "BD=512 BOOLMASK=0" },
    { "flash_attn_prefill_llamacpp_f16_d512_boolmask",  { MXB_F16, MXB_F16, MXB_BOOL },   "BD=512 BOOLMASK=1" },
};
static const struct mxb_const consts[] = {
    { "align_Q", 200, 'b', "seq_len_q % 8 == 0" },
    { "align_K", 201, 'b', "seq_len_k % 64 == 0" },
    { "has_mask", 300, 'b', "mask != 0" },
    { "do_causal", 301, 'b', "do_causal" },
    { "has_blk", 303, 'b', "has_blk" },
    { "nsg", 322, 'i', "nsg" },
};
static const struct mxb_tile gpu_tiles[] = {
    { "WG",   1000, "16 * nsg", "64 128 256", "work items per workgroup" },
    { "ROWS", 1001, "8", "8", "query rows per workgroup" },
    { "TX",   1002, "4", "2 4 8", "work items that share a key" },
    { "COLS", 1003, "cdiv(128, WG)", "1 2", "groups of four output columns per work item" },
    { "VEC",  1004, "4", "4", "elements per load" },
};
static const struct mxb_limit gpu_limits[] = {
    { "WG >= 32", "WG must be at least the 32 keys of a step" },
    { "ROWS == 8 && VEC == 4", "ROWS must be 8, VEC must be 4" },
    { "TX >= 1 && WG % TX == 0", "WG must be a multiple of TX" },
    { "COLS >= 1 && WG * COLS >= 128", "WG COLS must not be less than the 128 groups of columns" },
    { "COLS <= 4", "more than 128 accumulators per work item" },
    { "WG <= max_wg", "WG exceeds the device's workgroup size" },
};
#define GRID { "cdiv(seq_len_q, 8)", "n_heads", "batch" }
static const struct mxb_kernel gpu_kernel[] = {
    { .entry = "flash_attn_prefill_llamacpp", .source = "flash_attn_prefill_llamacpp", .grid = GRID, .local = { "WG" },
      .local_bytes = "8 * (16 * WG * COLS + 128 * TX + 264)" },
};
#define CPU_KERNEL(name)                                                                                             \
    { .entry = #name, .source = #name, .grid = GRID, .scratch_bytes = "8 * (8 * 512 + 512) + 4096", .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(flash_attn_prefill_llamacpp_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(flash_attn_prefill_llamacpp_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(flash_attn_prefill_llamacpp_cpu_avx512) };
#define CPU_IMPL(n, text, feature, k)                                                                                \
    { .lang = "c", .name = n, .about = text, .needs = feature, .consts = consts, .nconst = MXB_COUNT(consts),        \
      .kernel = k, .nkernel = 1 }
static const struct mxb_impl impls[] = {
    CPU_IMPL("avx512", "AVX-512, 8 query rows per item", MXB_FEAT_AVX512, cpu_avx512_kernel),
    CPU_IMPL("avx2", "AVX2 and FMA, 8 query rows per item", MXB_FEAT_AVX2, cpu_avx2_kernel),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel),
    { .lang = "cl comp", .name = "rows", .about = "Q in local memory, K and V from global memory, output in registers",
      .needs = MXB_FEAT_F16_STORAGE | MXB_FEAT_U8_STORAGE, .consts = consts, .nconst = MXB_COUNT(consts), .tile = gpu_tiles,
      .ntile = MXB_COUNT(gpu_tiles), .limit = gpu_limits, .nlimit = MXB_COUNT(gpu_limits), .kernel = gpu_kernel, .nkernel = 1 },
};

const struct mxb_op mxb_op_flash_attn_prefill_llamacpp = {
    .abi = MXB_OP_ABI, .name = "flash_attn_prefill_llamacpp", .family = "attention",
    .about = "prefill attention of head dimension 512 with unscaled Q and f16 masks",
    .source_ref = "mlx-native, flash_attn_prefill_d512.metal",
    .param = flash_attn_prefill_llamacpp_param, .nparam = MXB_COUNT(flash_attn_prefill_llamacpp_param),
    .param_bytes = sizeof(params_type), .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries), .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT | 1u << MXB_FILL_NEEDLE | 1u << MXB_FILL_LARGE,
    .def_version = 1,
    .validate = validate, .generate = generate, .reference = reference, .items = "batch * n_heads * seq_len_q", .flops = flops,
};
