/* aura_score: scores[h,t] = T(norm[g,t] * sum_d q[h,d] codebook[code of key g, t, d]) with g = h / (n_heads /
 * n_kv_heads). Source: metaltile, aura_score.rs. */
#define MXB_PARAMS_TABLE struct aura_score_params
#include "kernels/attention/aura_score/aura_score.h"
#include <inttypes.h>
#include <stdio.h>
#include "kernels/common/aura_entries.h"
#include "kernels/common/aura_host.h"

static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct aura_score_params *p = pr->params;
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

/* Codes are random bits in every fill, also those that no row uses.  exact: small integers.  The rest is the harness's. */
static bool generate(const struct mxb_gen_ctx *c, uint32_t t, void *out)
{
    const struct mxb_problem *pr = c->pr;
    const struct aura_score_params *p = pr->params;
    const uint32_t bits = aura_bits(pr->entry);
    const bool exact = pr->fill == MXB_FILL_EXACT;
    if (t == T_PACKED) {
        for (uint64_t i = 0; i < pr->nelem[t]; i++)
            ((uint32_t *)out)[i] = mxb_rand_u32(pr->seed, t, i);
        return true;
    }
    for (uint32_t i = 0; t == T_CODEBOOK && i < 1u << bits; i++)
        mxb_store(pr->dtype[t], out, i, exact ? (double)i - (1u << bits) / 2.0 : aura_codebook(bits, p->dim, i));
    return t == T_CODEBOOK;
}

/* p: root sum of squares of the partial sums, times the norm, and the rounding of the product with it. */
static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct aura_score_params *p = pr->params;
    const uint32_t bits = aura_bits(pr->entry), width = (p->dim * bits + 31) / 32;
    for (int64_t r = r0; r < r1; r++) {
        const int64_t h = r / p->tokens, row = h / (p->n_heads / p->n_kv_heads) * p->tokens + r % p->tokens;
        double dot = 0, partials2 = 0;
        for (uint32_t d = 0; d < p->dim; d++) {
            dot += t[T_Q].v[h * p->dim + d] * t[T_CODEBOOK].v[aura_code(t[T_PACKED].v + row * width, width, d, bits)];
            partials2 += dot * dot;
        }
        const double norm = t[T_NORMS].v[row], s = dot * norm;
        t[T_SCORES].v[r] = s;
        if (t[T_SCORES].p && isfinite(s)) t[T_SCORES].p[r] = sqrt(partials2 * norm * norm + s * s);
    }
}

static double flops(const struct mxb_problem *pr)
{
    const struct aura_score_params *p = pr->params;
    return 2.0 * p->n_heads * p->tokens * p->dim;
}

static double bytes(const struct mxb_problem *pr)
{
    const struct aura_score_params *p = pr->params;
    const double size = pr->dtype[T_Q] == MXB_F32 ? 4 : 2, width = (p->dim * aura_bits(pr->entry) + 31) / 32;
    return (double)p->n_kv_heads * p->tokens * (4 * width + size) + size * p->n_heads * ((double)p->dim + p->tokens);
}

static const struct mxb_tensor tensors[] = {
    { .name = "q_rot", .role = MXB_IN, .dtype = MXB_T, .shape = "n_heads,dim", .gen = MXB_GEN_NORMAL },
    { .name = "packed", .role = MXB_IN, .dtype = MXB_U32, .shape = "n_kv_heads,tokens,cdiv(dim * BITS, 32)" },
    { .name = "norms", .role = MXB_IN, .dtype = MXB_T, .shape = "n_kv_heads,tokens", .gen = MXB_GEN_NORMAL },
    { .name = "codebook", .role = MXB_IN, .dtype = MXB_T, .shape = "pow2(BITS)" },
    { .name = "scores", .role = MXB_OUT, .dtype = MXB_T, .shape = "n_heads,tokens" },
};
static const struct mxb_entry entries[] = { AURA_ENTRIES("aura_score") };
static const char entries_f32[] = AURA_NAMES("aura_score", "");
static const char entries_16bit[] = AURA_NAMES("aura_score", "_f16") " " AURA_NAMES("aura_score", "_bf16");

static const struct mxb_tile tiles[] = {
    { "WG", 1000, "64", "32 64 128 256", "work items per workgroup: tokens" },
};
static const struct mxb_limit limits[] = {
    { "WG >= 1 && WG <= max_wg", "WG exceeds the device's workgroup size" },
    { "tokens <= 65535 * WG", "more than 65535 workgroups on one axis" },
};
/* The query, at most 1024 coordinates, and the codebook. */
static const struct mxb_kernel gpu_kernel[] = {
    { .entry = "aura_score", .source = "aura_score", .grid = { "cdiv(tokens, WG)", "n_heads" }, .local = { "WG" },
      .local_bytes = "4 * (1024 + pow2(BITS))" },
};
/* The decoder's table, a row, and the queries that share it. */
#define CPU_KERNEL(name)                                                                                             \
    { .entry = #name, .source = #name, .grid = { "cdiv(tokens, 64)", "n_kv_heads" },                                 \
      .scratch_bytes = "8192 + 4 * (cdiv(dim, 16) * 16) * (1 + n_heads / n_kv_heads)", .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(aura_score_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(aura_score_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(aura_score_cpu_avx512) };
static const struct mxb_impl impls[] = {
    AURA_CPU_IMPLS,
    AURA_GPU_IMPL("token", "one work item per key, the query in local memory", entries_f32, 0),
    AURA_GPU_IMPL("token", "one work item per key, the query in local memory", entries_16bit, MXB_FEAT_F16_STORAGE),
};

const struct mxb_op mxb_op_aura_score = {
    .abi = MXB_OP_ABI, .name = "aura_score", .family = "attention",
    .about = "scores of one query per head against packed keys",
    .source_ref = "metaltile, aura_score.rs",
    .param = aura_score_param, .nparam = MXB_COUNT(aura_score_param), .param_bytes = sizeof(struct aura_score_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT | 1u << MXB_FILL_NEEDLE | 1u << MXB_FILL_PROBE,
    .def_version = 1,
    .validate = validate, .generate = generate, .reference = reference, .items = "n_heads * tokens", .flops = flops,
    .bytes = bytes,
};
