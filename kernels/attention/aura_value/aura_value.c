/* aura_value: out[h,d] = T(sum_t (w[h,t] * norm[g,t]) * codebook[code of value g, t, d]), g = h / (n_heads /
 * n_kv_heads), over the tokens with w[h,t] >= sparse_threshold (so not those with a NaN).  Source: metaltile,
 * aura_value.rs. */
#define MXB_PARAMS_TABLE struct aura_value_params
#include "kernels/attention/aura_value/aura_value.h"
#include <inttypes.h>
#include <stdio.h>
#include "kernels/common/aura_entries.h"
#include "kernels/common/aura_host.h"

static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct aura_value_params *p = pr->params;
    const double rows = (double)p->n_heads * p->tokens;
    if (p->n_heads % p->n_kv_heads)
        snprintf(why, whylen, "Invalid argument: n_heads (%" PRIu32 ") must be divisible by n_kv_heads (%" PRIu32 ")",
                 p->n_heads, p->n_kv_heads);
    else if (rows * p->dim > 0x1p32)             /* kernels index elements with uint32 */
        snprintf(why, whylen, "Invalid argument: n_heads * tokens * dim is %.0f, 32-bit element offsets allow 2^32",
                 rows * p->dim);
    else
        return 0;
    return MXB_EINVAL;
}

/* Weights that matter: exact, small integers, some below a threshold of 0 and some equal to it; needle, one token per
 * head, first, last, next to a power of two, or anywhere; probe, some NaN, which are skipped; else those of a softmax,
 * exp(normal) / tokens. */
static double weight(const struct mxb_problem *pr, uint32_t h, uint32_t i)
{
    const struct aura_value_params *p = pr->params;
    const uint64_t at = (uint64_t)h * p->tokens + i;
    const uint32_t r = mxb_rand_u32(pr->seed, T_WEIGHTS, at), anywhere = mxb_rand_u32(pr->seed, T_OUT, h) % p->tokens;
    const uint32_t turn = (uint32_t)((h + pr->seed) % 26), edge = (1u << turn / 2) - turn % 2;
    const uint32_t needle = turn == 0 ? p->tokens - 1 : edge < p->tokens ? edge : anywhere;
    if (pr->fill == MXB_FILL_EXACT) return (int)(r % 9) - 4;
    if (pr->fill == MXB_FILL_NEEDLE) return i == needle;
    if (pr->fill == MXB_FILL_PROBE && r % 8 == 0) return NAN;
    return exp(mxb_rand_normal(pr->seed, T_WEIGHTS, at)) / p->tokens;
}

/* Codes are random bits in every fill, also those that no row uses. */
static bool generate(const struct mxb_gen_ctx *c, uint32_t t, void *out)
{
    const struct mxb_problem *pr = c->pr;
    const struct aura_value_params *p = pr->params;
    const uint32_t bits = aura_bits(pr->entry);
    const bool exact = pr->fill == MXB_FILL_EXACT;
    if (t == T_NORMS) return false;
    for (uint64_t i = 0; t == T_PACKED && i < pr->nelem[t]; i++)
        ((uint32_t *)out)[i] = mxb_rand_u32(pr->seed, t, i);
    for (uint32_t i = 0; t == T_CODEBOOK && i < 1u << bits; i++)
        mxb_store(pr->dtype[t], out, i, exact ? (double)i - (1u << bits) / 2.0 : aura_codebook(bits, p->dim, i));
    for (uint32_t h = 0; t == T_WEIGHTS && h < p->n_heads; h++)
        for (uint32_t i = 0; i < p->tokens; i++)
            mxb_store(pr->dtype[t], out, (uint64_t)h * p->tokens + i, weight(pr, h, i));
    return true;
}

/* p: root sum of squares of the partial sums, and the roundings of both products of each token. */
static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct aura_value_params *p = pr->params;
    const uint32_t bits = aura_bits(pr->entry), width = (p->dim * bits + 31) / 32;
    for (int64_t r = r0; r < r1; r++) {
        const int64_t h = r / p->dim, first = h / (p->n_heads / p->n_kv_heads) * p->tokens;
        const uint32_t d = (uint32_t)(r % p->dim);
        double sum = 0, partials2 = 0, products2 = 0;
        for (uint32_t i = 0; i < p->tokens; i++) {
            const double w = t[T_WEIGHTS].v[h * p->tokens + i];
            if (!(w >= (double)p->sparse_threshold)) continue;
            const double c = t[T_CODEBOOK].v[aura_code(t[T_PACKED].v + (first + i) * width, width, d, bits)];
            const double term = w * t[T_NORMS].v[first + i] * c;
            sum += term;
            partials2 += sum * sum;
            products2 += 2 * term * term;
        }
        t[T_OUT].v[r] = sum;
        if (t[T_OUT].p && isfinite(sum)) t[T_OUT].p[r] = sqrt(partials2 + products2);
    }
}

static double flops(const struct mxb_problem *pr)
{
    const struct aura_value_params *p = pr->params;
    return 2.0 * p->n_heads * p->tokens * p->dim;
}

static double bytes(const struct mxb_problem *pr)
{
    const struct aura_value_params *p = pr->params;
    const double size = pr->dtype[T_NORMS] == MXB_F32 ? 4 : 2, width = (p->dim * aura_bits(pr->entry) + 31) / 32;
    return (double)p->n_kv_heads * p->tokens * (4 * width + size) + size * p->n_heads * ((double)p->dim + p->tokens);
}

static const struct mxb_tensor tensors[] = {
    { .name = "weights", .role = MXB_IN, .dtype = MXB_T, .shape = "n_heads,tokens" },
    { .name = "packed", .role = MXB_IN, .dtype = MXB_U32, .shape = "n_kv_heads,tokens,cdiv(dim * BITS, 32)" },
    { .name = "norms", .role = MXB_IN, .dtype = MXB_T, .shape = "n_kv_heads,tokens", .gen = MXB_GEN_POSITIVE },
    { .name = "codebook", .role = MXB_IN, .dtype = MXB_T, .shape = "pow2(BITS)" },
    { .name = "out", .role = MXB_OUT, .dtype = MXB_T, .shape = "n_heads,dim" },
};
static const struct mxb_entry entries[] = { AURA_ENTRIES("aura_value") };
static const char entries_f32[] = AURA_NAMES("aura_value", "");
static const char entries_16bit[] = AURA_NAMES("aura_value", "_f16") " " AURA_NAMES("aura_value", "_bf16");

static const struct mxb_tile tiles[] = {
    { "DX", 1000, "32", "32 64 128", "coordinates per workgroup" },
    { "SLICES", 1001, "8", "1 4 8", "work items that share a coordinate, each with every SLICES-th token" },
    { "WG", 1002, "DX * SLICES", "", "work items per workgroup: DX * SLICES" },
};
static const struct mxb_limit limits[] = {
    { "DX >= 1 && SLICES >= 1 && WG == DX * SLICES", "WG must be DX * SLICES" },
    { "WG <= max_wg", "WG exceeds the device's workgroup size" },
};
static const struct mxb_kernel gpu_kernel[] = {
    { .entry = "aura_value", .source = "aura_value", .grid = { "cdiv(dim, DX)", "n_heads" }, .local = { "WG" },
      .local_bytes = "4 * (WG + pow2(BITS))" },
};
/* The decoder's table, 32 coordinates of a row, and those of the sums of all heads that share it. */
#define CPU_KERNEL(name)                                                                                             \
    { .entry = #name, .source = #name, .grid = { "cdiv(dim, 32)", "n_kv_heads" },                                    \
      .scratch_bytes = "8192 + 128 * (1 + n_heads / n_kv_heads)", .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(aura_value_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(aura_value_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(aura_value_cpu_avx512) };
static const struct mxb_impl impls[] = {
    AURA_CPU_IMPLS,
    AURA_GPU_IMPL("sliced", "work items of a coordinate share the tokens", entries_f32, 0),
    AURA_GPU_IMPL("sliced", "work items of a coordinate share the tokens", entries_16bit, MXB_FEAT_F16_STORAGE),
};

const struct mxb_op mxb_op_aura_value = {
    .abi = MXB_OP_ABI, .name = "aura_value", .family = "attention",
    .about = "weighted sums of packed values",
    .source_ref = "metaltile, aura_value.rs",
    .param = aura_value_param, .nparam = MXB_COUNT(aura_value_param), .param_bytes = sizeof(struct aura_value_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT | 1u << MXB_FILL_NEEDLE | 1u << MXB_FILL_PROBE,
    .def_version = 1,
    .validate = validate, .generate = generate, .reference = reference, .items = "n_heads * dim", .flops = flops,
    .bytes = bytes,
};
