/* flash_attn_vec_tq_hb: attention of one query per head over a TurboQuant cache of 5, 6 or 8 bits, the slots split over
 * nwg groups.  Slots are taken in chunks of 32; group g has chunks g, g + nwg, ...  Q, already rotated, is narrowed to
 * f16; the result stays rotated.  Coordinate d of a vector is C[index] c, C the codebook, c = norm / 16 (DIM = 256) or
 * norm[d / 256] / scale_factor_d512 (DIM = 512).
 *
 * dst holds per head r and group g the unnormalised sum a = sum_j exp(s_j - M) v_j, S = sum_j exp(s_j - M) and M = max
 * s_j (without keys 0, 0, -FLT_MAX/2):  a[4i + e] at 4 (r (DIM/4) nwg + i nwg + g) + e, then from n_heads DIM nwg on S
 * at 2 (r nwg + g) and M behind it.  With one group dst is the result a / S, [n_heads, DIM]; without keys it is 0.
 * Source: mlx-native, flash_attn_vec_tq_hb.metal and .rs; a key that is not attended is left out, where upstream adds
 * -65504 to its score.  This file: arguments and tables.  The inputs and the oracle are in flash_attn_vec_tq_hb_fill.c
 * and _ref.c. */
#define MXB_PARAMS_TABLE struct flash_attn_vec_tq_hb_params
#include "kernels/turboquant/flash_attn_vec_tq_hb/flash_attn_vec_tq_hb.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

uint32_t flash_attn_vec_tq_hb_dim(const struct mxb_problem *pr)
{
    const struct flash_attn_vec_tq_hb_params *p = pr->params;
    return (uint32_t)(pr->nelem[T_Q] / p->n_heads);
}

bool flash_attn_vec_tq_hb_attends(const struct flash_attn_vec_tq_hb_params *p, uint32_t slot)
{
    const int64_t n = p->kv_seq_len, cap = p->kv_capacity, logical = ((int64_t)slot - p->ring_start + cap) % cap;
    const bool window = p->mask_type == MASK_SLIDING && p->sliding_window > 0;
    return slot < n && logical < n && (!window || logical >= n - p->sliding_window);
}

static double count_attended(const struct flash_attn_vec_tq_hb_params *p)
{
    double n = 0;
    for (uint32_t s = 0; s < p->kv_seq_len; s++) n += flash_attn_vec_tq_hb_attends(p, s);
    return n;
}

/* In the order of the dispatcher upstream; sizes of zero and scale factors that are not positive fail the ranges of the
 * parameter table before. */
static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct flash_attn_vec_tq_hb_params *p = pr->params;
    if (p->n_heads % p->n_kv_heads)
        snprintf(why, whylen, "Invalid argument: n_heads (%" PRIu32 ") must be divisible by n_kv_heads (%" PRIu32 ")",
                 p->n_heads, p->n_kv_heads);
    else if (p->kv_capacity < p->kv_seq_len)
        snprintf(why, whylen, "Invalid argument: kv_capacity (%" PRIu32 ") must be at least kv_seq_len (%" PRIu32 ")",
                 p->kv_capacity, p->kv_seq_len);
    else if (p->codebook_bits == 7)
        snprintf(why, whylen, "Invalid argument: codebook_bits must be 5, 6 or 8");
    else if (p->ring_start >= p->kv_capacity)
        snprintf(why, whylen, "Invalid argument: ring_start (%" PRIu32 ") is not below kv_capacity (%" PRIu32 ")",
                 p->ring_start, p->kv_capacity);
    else if (!(fabsf(p->scale) >= 0x1p-14f))
        snprintf(why, whylen, "Invalid argument: scale (%.9g) must be at least 2^-14 in magnitude", (double)p->scale);
    else if (pr->nelem[T_K_IDX] > UINT32_MAX)
        snprintf(why, whylen, "Invalid argument: K_idx has %" PRIu64 " elements, 32-bit offsets need less than 2^32",
                 pr->nelem[T_K_IDX]);
    else
        return 0;
    return MXB_EINVAL;
}

/* Scores and sums, 2 DIM each per head and attended key; the products by c are not counted. */
static double flops(const struct mxb_problem *pr)
{
    const struct flash_attn_vec_tq_hb_params *p = pr->params;
    return 4.0 * p->n_heads * flash_attn_vec_tq_hb_dim(pr) * count_attended(p);
}

/* Attended indices and norms of keys and values once, Q and the result. */
static double bytes(const struct mxb_problem *pr)
{
    const struct flash_attn_vec_tq_hb_params *p = pr->params;
    const uint32_t dim = flash_attn_vec_tq_hb_dim(pr);
    const double vector = dim + 4.0 * dim / 256, rows = 4.0 * (double)(pr->nelem[T_Q] + pr->nelem[T_DST]);
    return 2.0 * p->n_kv_heads * count_attended(p) * vector + rows;
}

#define IDX_SHAPE "n_kv_heads, kv_capacity, DIM"
#define NORM_SHAPE "n_kv_heads, kv_capacity, DIM / 256"
static const struct mxb_tensor tensors[] = {     /* T_Q, T_K_IDX, ... */
    { .name = "Q", .role = MXB_IN, .dtype = MXB_F32, .shape = "n_heads, 1, DIM" },
    { .name = "K_idx", .role = MXB_IN, .dtype = MXB_U8, .shape = IDX_SHAPE },
    { .name = "K_norm", .role = MXB_IN, .dtype = MXB_F32, .shape = NORM_SHAPE },
    { .name = "V_idx", .role = MXB_IN, .dtype = MXB_U8, .shape = IDX_SHAPE },
    { .name = "V_norm", .role = MXB_IN, .dtype = MXB_F32, .shape = NORM_SHAPE },
    { .name = "dst", .role = MXB_OUT, .dtype = MXB_F32,
      .shape = "nwg == 1 ? n_heads * DIM : n_heads * nwg * (DIM + 2)" },
};

static const struct mxb_entry entries[] = {
    { "flash_attn_vec_tq_hb_dk256", { MXB_F32 }, "DIM=256" },
    { "flash_attn_vec_tq_hb_dk512", { MXB_F32 }, "DIM=512" },
};

static const struct mxb_tile gpu_tiles[] = {
    { "WG",   1000, "DIM / 4", "32 64 128", "work items per workgroup" },
    { "ROWS", 1001, "n_heads / n_kv_heads % 4 == 0 ? 4 : n_heads / n_kv_heads % 2 == 0 ? 2 : 1", "1 2 4 8",
      "query heads of a key/value head per workgroup: indices are decoded once for all" },
    { "TX",   1002, "8", "4 8 16 32", "work items that share a key" },
};
static const struct mxb_limit gpu_limits[] = {
    { "ROWS >= 1 && n_heads / n_kv_heads % ROWS == 0", "ROWS must divide the query heads of a key/value head" },
    { "WG >= 32", "WG must be at least the 32 slots of a chunk" },
    { "DIM / 4 % WG == 0", "WG must divide the DIM / 4 words of a vector" },
    { "TX >= 1 && WG % TX == 0", "WG must be a multiple of TX" },
    { "ROWS * DIM <= 128 * WG", "more than 128 accumulators per work item" },
};
/* Q, partial scores, scores, weights alone and with the values' factors; the codebook. */
static const struct mxb_kernel gpu_kernel[] = {
    { .entry = "flash_attn_vec_tq_hb", .source = "flash_attn_vec_tq_hb", .grid = { "nwg", "n_heads / ROWS" },
      .local = { "WG" }, .local_bytes = "ROWS * (4 * DIM + DIM / 2 + 128 * TX + 256) + 1024" },
};

static const struct mxb_tile cpu_tiles[] = {     /* S_ROWS */
    { "ROWS", 1000, "min(n_heads / n_kv_heads, 8)", "1 2 4 8 16", "query heads of a key/value head per item" },
};
static const struct mxb_limit cpu_limits[] = { { "ROWS >= 1 && ROWS <= 1024", "ROWS must be in 1..1024" } };
#define CPU_KERNEL(name)                                                                                             \
    { .entry = #name, .source = #name, .grid = { "n_kv_heads * cdiv(n_heads / n_kv_heads, ROWS)", "nwg" },           \
      .scratch_bytes = "ROWS * (8 * DIM + 256)", .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(flash_attn_vec_tq_hb_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(flash_attn_vec_tq_hb_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(flash_attn_vec_tq_hb_cpu_avx512) };

#define CPU_IMPL(n, text, feature, k)                                                                                \
    { .lang = "c", .name = n, .about = text ", rows are decoded once for up to ROWS heads", .needs = feature,        \
      .tile = cpu_tiles, .ntile = MXB_COUNT(cpu_tiles), .limit = cpu_limits, .nlimit = MXB_COUNT(cpu_limits),        \
      .kernel = k, .nkernel = 1 }
static const struct mxb_impl impls[] = {
    CPU_IMPL("avx512", "AVX-512", MXB_FEAT_AVX512, cpu_avx512_kernel),
    CPU_IMPL("avx2", "AVX2 and FMA", MXB_FEAT_AVX2, cpu_avx2_kernel),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel),
    { .lang = "cl comp", .name = "group", .about = "one workgroup per group of chunks and ROWS query heads",
      .tile = gpu_tiles, .ntile = MXB_COUNT(gpu_tiles), .limit = gpu_limits, .nlimit = MXB_COUNT(gpu_limits),
      .kernel = gpu_kernel, .nkernel = 1 },
};

const struct mxb_op mxb_op_flash_attn_vec_tq_hb = {
    .abi = MXB_OP_ABI, .name = "flash_attn_vec_tq_hb", .family = "turboquant",
    .about = "decode attention of one query per head over a TurboQuant cache, slots split over groups",
    .source_ref = "mlx-native, flash_attn_vec_tq_hb.metal",
    .param = flash_attn_vec_tq_hb_param, .nparam = MXB_COUNT(flash_attn_vec_tq_hb_param),
    .param_bytes = sizeof(struct flash_attn_vec_tq_hb_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT | 1u << MXB_FILL_LARGE,
    .def_version = 1,
    .validate = validate, .generate = flash_attn_vec_tq_hb_generate, .reference = flash_attn_vec_tq_hb_reference,
    .items = "nwg == 1 ? n_heads : 1",           /* the layout of dst keeps no head together */
    .flops = flops, .bytes = bytes,
};
