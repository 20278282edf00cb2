/* tq_dequantize_kv: reads one slot of a TurboQuant cache back, one vector per head; it stays rotated (fwht_sign_undo
 * turns it back).  With C the codebook of 4 (two indices per byte), 5, 6 or 8 bits (one per byte):
 *     dst[h,c] = C[index] (norm / sqrt(head_dim)),                              head_dim <= 256
 *     dst[h,c] = C[index] (norm[min(c / 256, norms_per_pos - 1)] / scale),      head_dim >  256
 * Source: mlx-native, tq_dequantize_kv.metal and tq_dequantize_kv.rs. */
#define MXB_PARAMS_TABLE struct tq_dequantize_kv_params
#include "kernels/turboquant/tq_dequantize_kv/tq_dequantize_kv.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "kernels/common/tq_oracle.h"

static bool is_nibbles(const struct mxb_problem *pr) { return strcmp(pr->entry->consts, "NIBBLES=1") == 0; }

/* Sizes of zero and scale factors that are not positive fail the ranges of the parameter table before. */
static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct tq_dequantize_kv_params *p = pr->params;
    const bool nibbles = is_nibbles(pr);
    if (nibbles && (p->head_dim < 2 || (p->head_dim & (p->head_dim - 1)) != 0))
        snprintf(why, whylen, "Invalid argument: head_dim (%" PRIu32 ") must be a power of two and even", p->head_dim);
    else if (!nibbles && p->codebook_bits == 7)
        snprintf(why, whylen, "Invalid argument: codebook_bits must be 5, 6 or 8");
    else if (p->read_pos >= p->cache_capacity)
        snprintf(why, whylen, "Invalid argument: read_pos (%" PRIu32 ") is not below cache_capacity (%" PRIu32 ")",
                 p->read_pos, p->cache_capacity);
    else if ((uint64_t)p->num_kv_heads * p->cache_capacity * p->head_dim > UINT32_MAX)
        snprintf(why, whylen, "Invalid argument: packed would have 2^32 elements or more");
    else
        return 0;
    return MXB_EINVAL;
}

enum { STREAM_INDEX = 0x74710001 };              /* of mxb_rand_* */

/* The factor on a norm is exact on every device: a power of two. */
static bool has_exact_scale(const struct tq_dequantize_kv_params *p)
{
    int exponent;
    return p->head_dim <= 256 ? p->head_dim == 256 : frexpf(p->scale_factor_d512, &exponent) == 0.5f;
}

/* Every index of the codebook, as the encoder stores them: unused bits are 0.  EXACT: norms are small integers, as
 * generic, but 0 where the factor on them is not exact. */
static bool generate(const struct mxb_gen_ctx *g, uint32_t t, void *out)
{
    const struct mxb_problem *pr = g->pr;
    const struct tq_dequantize_kv_params *p = pr->params;
    const uint32_t unused = is_nibbles(pr) ? 0 : 8 - p->codebook_bits;
    if (t == T_NORMS && pr->fill == MXB_FILL_EXACT && !has_exact_scale(p)) {
        memset(out, 0, 4 * pr->nelem[t]);
        return true;
    }
    for (uint64_t i = 0; t == T_PACKED && i < pr->nelem[t]; i++)
        ((uint8_t *)out)[i] = (uint8_t)((mxb_rand_u32(pr->seed, STREAM_INDEX, i) & 0xFF) >> unused);
    return t == T_PACKED;
}

/* Error in units of u, beside the last product's: where the factor on the norm is not exact, its product or quotient: 5
 * for a division; inverse square root 9 and 5, and a product. */
static double relative_scale(const struct tq_dequantize_kv_params *p)
{
    if (p->head_dim > 256) return p->scale_factor_d512 == 1 ? 0 : 5;
    return p->head_dim == 256 ? 0 : sqrt(9 * 9 + 5 * 5 + 1);
}

static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct tq_dequantize_kv_params *p = pr->params;
    const bool nibbles = is_nibbles(pr);
    const uint32_t bits = nibbles ? 4 : p->codebook_bits;
    for (int64_t h = r0; h < r1; h++) {
        const uint64_t slot = (uint64_t)h * p->cache_capacity + p->read_pos, at = slot * p->head_dim;
        for (uint32_t c = 0; c < p->head_dim; c++) {
            const uint32_t byte = (uint32_t)t[T_PACKED].v[nibbles ? (at + c) / 2 : at + c];
            const uint32_t index = !nibbles ? byte : c % 2 ? byte / 16 : byte % 16;
            const uint32_t block = c / 256 < p->norms_per_pos ? c / 256 : p->norms_per_pos - 1;
            const double norm = t[T_NORMS].v[slot * p->norms_per_pos + (p->head_dim > 256 ? block : 0)];
            const double divisor = p->head_dim > 256 ? (double)p->scale_factor_d512 : sqrt(p->head_dim);
            const double v = tq_oracle_centroid(bits, index) * (norm / divisor);
            t[T_DST].v[(uint64_t)h * p->head_dim + c] = v;
            t[T_DST].p[(uint64_t)h * p->head_dim + c] = fabs(v) * relative_scale(p);
        }
    }
}

static double flops(const struct mxb_problem *pr)
{
    return (double)pr->nelem[T_DST];             /* one product per coordinate */
}

/* Of the cache only one slot counts. */
static double bytes(const struct mxb_problem *pr)
{
    const struct tq_dequantize_kv_params *p = pr->params;
    const double packed = is_nibbles(pr) ? p->head_dim / 2 : p->head_dim;
    return p->num_kv_heads * (packed + 4.0 * p->norms_per_pos + 4.0 * p->head_dim);
}

static const struct mxb_tensor tensors[] = {
    { .name = "packed", .role = MXB_IN, .dtype = MXB_U8,
      .shape = "num_kv_heads, cache_capacity, NIBBLES ? head_dim / 2 : head_dim" },
    { .name = "norms", .role = MXB_IN, .dtype = MXB_F32, .shape = "num_kv_heads, cache_capacity, norms_per_pos",
      .gen = MXB_GEN_POSITIVE },
    { .name = "dst", .role = MXB_OUT, .dtype = MXB_F32, .shape = "num_kv_heads, head_dim" },
};

static const struct mxb_entry entries[] = {
    { "tq_dequantize_kv",    { MXB_F32 }, "NIBBLES=1" },
    { "tq_dequantize_hb_kv", { MXB_F32 }, "NIBBLES=0" },
};

static const struct mxb_tile tiles[] = {
    { "VEC", 1001, "head_dim % (NIBBLES ? 8 : 4) ? 1 : NIBBLES ? 8 : 4", "1 4 8", "coordinates per load" },
    { "WG",  1000, "max(32, min(256, np2(cdiv(head_dim, VEC))))", "32 64 128 256 512 1024", "work items per vector" },
};
static const struct mxb_limit limits[] = {
    { "VEC == 1 || VEC == (NIBBLES ? 8 : 4)", "VEC must be 1 or the number of indices in 32 bits" },
    { "head_dim % VEC == 0", "VEC must divide head_dim" },
};
static const struct mxb_kernel row_kernel[] = {
    { .entry = "tq_dequantize_kv", .source = "tq_dequantize_kv", .grid = { "num_kv_heads" }, .local = { "WG" } },
};
#define CPU_KERNEL(name) { .entry = #name, .source = #name, .grid = { "num_kv_heads" }, .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(tq_dequantize_kv_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(tq_dequantize_kv_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(tq_dequantize_kv_cpu_avx512) };

#define CPU_IMPL(n, text, feature, k) \
    { .lang = "c", .name = n, .about = text ", one vector per task", .needs = feature, .kernel = k, .nkernel = 1 }
static const struct mxb_impl impls[] = {
    CPU_IMPL("avx512", "AVX-512", MXB_FEAT_AVX512, cpu_avx512_kernel),
    CPU_IMPL("avx2", "AVX2", MXB_FEAT_AVX2, cpu_avx2_kernel),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel),
    { .lang = "cl comp", .name = "row", .about = "one workgroup per vector", .needs = MXB_FEAT_U8_STORAGE,
      .tile = tiles, .ntile = MXB_COUNT(tiles), .limit = limits, .nlimit = MXB_COUNT(limits),
      .kernel = row_kernel, .nkernel = 1 },
};

const struct mxb_op mxb_op_tq_dequantize_kv = {
    .abi = MXB_OP_ABI, .name = "tq_dequantize_kv", .family = "turboquant",
    .about = "TurboQuant decoder of one cache slot; the result stays rotated",
    .source_ref = "mlx-native, tq_dequantize_kv.metal",
    .param = tq_dequantize_kv_param, .nparam = MXB_COUNT(tq_dequantize_kv_param),
    .param_bytes = sizeof(struct tq_dequantize_kv_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT,
    .def_version = 1,
    .validate = validate, .generate = generate, .reference = reference, .items = "num_kv_heads",
    .flops = flops, .bytes = bytes,
};
