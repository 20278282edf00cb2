/* aura_dequant_rotated: out[r,d] = T(codebook[code of row r, d] * norm[r]), still in the rotated space.
 * Source: metaltile, aura_dequant_rotated.rs. */
#define MXB_PARAMS_TABLE struct aura_dequant_rotated_params
#include "kernels/attention/aura_dequant_rotated/aura_dequant_rotated.h"
#include <inttypes.h>
#include <stdio.h>
#include "kernels/common/aura_entries.h"
#include "kernels/common/aura_host.h"

static uint64_t rows_of(const struct mxb_problem *pr)
{
    const struct aura_dequant_rotated_params *p = pr->params;
    return (uint64_t)p->heads * p->tokens;
}

static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct aura_dequant_rotated_params *p = pr->params;
    if (rows_of(pr) * p->dim <= UINT32_MAX) return 0;
    snprintf(why, whylen, "Invalid argument: heads * tokens * dim is %" PRIu64 ", 32-bit element offsets need less than 2^32",
             rows_of(pr) * p->dim);
    return MXB_EINVAL;
}

/* Codes are random bits in every fill, also those that no row uses.  probe: NaN and infinities among the
 * norms come from the harness. */
static bool generate(const struct mxb_gen_ctx *c, uint32_t t, void *out)
{
    const struct mxb_problem *pr = c->pr;
    const struct aura_dequant_rotated_params *p = pr->params;
    const uint32_t bits = aura_bits(pr->entry);
    if (t == T_PACKED) {
        for (uint64_t i = 0; i < pr->nelem[t]; i++)
            ((uint32_t *)out)[i] = mxb_rand_u32(pr->seed, t, i);
        return true;
    }
    for (uint32_t i = 0; t == T_CODEBOOK && i < 1u << bits; i++)
        mxb_store(pr->dtype[t], out, i, aura_codebook(bits, p->dim, i));
    return t == T_CODEBOOK;
}

/* One f32 product, correctly rounded everywhere, then the rounding to T: equal bits. */
static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct aura_dequant_rotated_params *p = pr->params;
    const uint32_t bits = aura_bits(pr->entry), width = (p->dim * bits + 31) / 32;
    for (int64_t r = r0; r < r1; r++)
        for (uint32_t d = 0; d < p->dim; d++) {
            const double c = t[T_CODEBOOK].v[aura_code(t[T_PACKED].v + r * width, width, d, bits)];
            t[T_OUT].v[r * p->dim + d] = mxb_round(MXB_F32, c * t[T_NORMS].v[r]);
        }
}

static double flops(const struct mxb_problem *pr)
{
    const struct aura_dequant_rotated_params *p = pr->params;
    return (double)rows_of(pr) * p->dim;
}

static double bytes(const struct mxb_problem *pr)
{
    const struct aura_dequant_rotated_params *p = pr->params;
    const double size = pr->dtype[T_NORMS] == MXB_F32 ? 4 : 2, width = (p->dim * aura_bits(pr->entry) + 31) / 32;
    return (double)rows_of(pr) * (4 * width + size * (1.0 + p->dim));
}

static const struct mxb_tensor tensors[] = {
    { .name = "packed", .role = MXB_IN, .dtype = MXB_U32, .shape = "heads,tokens,cdiv(dim * BITS, 32)" },
    { .name = "norms", .role = MXB_IN, .dtype = MXB_T, .shape = "heads,tokens", .gen = MXB_GEN_NORMAL },
    { .name = "codebook", .role = MXB_IN, .dtype = MXB_T, .shape = "pow2(BITS)" },
    { .name = "out", .role = MXB_OUT, .dtype = MXB_T, .shape = "heads,tokens,dim", .tol = MXB_TOL_EXACT },
};
static const struct mxb_entry entries[] = { AURA_ENTRIES("aura_dequant_rotated") };
static const char entries_f32[] = AURA_NAMES("aura_dequant_rotated", "");
static const char entries_16bit[] = AURA_NAMES("aura_dequant_rotated", "_f16") " " AURA_NAMES("aura_dequant_rotated", "_bf16");

static const struct mxb_tile tiles[] = {
    { "WG", 1000, "128", "32 64 128 256", "work items per workgroup" },
    { "VEC", 1001, "dim % 4 == 0 ? 4 : 1", "1 4", "coordinates per work item" },
};
static const struct mxb_limit limits[] = {
    { "VEC == 1 || VEC == 4", "VEC must be 1 or 4" },
    { "dim % VEC == 0", "VEC must divide dim" },
    { "WG >= 1 && WG <= max_wg", "WG exceeds the device's workgroup size" },
};
/* Two grid axes: Vulkan guarantees no more than 65535 workgroups on one. */
#define GROUPS "cdiv(heads * tokens * dim / VEC, WG)"
static const struct mxb_kernel gpu_kernel[] = {
    { .entry = "aura_dequant_rotated", .source = "aura_dequant_rotated",
      .grid = { "min(" GROUPS ", 65535)", "cdiv(" GROUPS ", 65535)" }, .local = { "WG" } },
};
#define CPU_KERNEL(name)                                                                                             \
    { .entry = #name, .source = #name, .grid = { "heads * tokens" }, .scratch_bytes = "8192 + 4 * dim", .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(aura_dequant_rotated_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(aura_dequant_rotated_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(aura_dequant_rotated_cpu_avx512) };
static const struct mxb_impl impls[] = {
    AURA_CPU_IMPLS,
    AURA_GPU_IMPL("flat", "one work item per VEC coordinates", entries_f32, 0),
    AURA_GPU_IMPL("flat", "one work item per VEC coordinates", entries_16bit, MXB_FEAT_F16_STORAGE),
};

const struct mxb_op mxb_op_aura_dequant_rotated = {
    .abi = MXB_OP_ABI, .name = "aura_dequant_rotated", .family = "attention",
    .about = "rows of packed codes to numbers in the rotated space",
    .source_ref = "metaltile, aura_dequant_rotated.rs",
    .param = aura_dequant_rotated_param, .nparam = MXB_COUNT(aura_dequant_rotated_param),
    .param_bytes = sizeof(struct aura_dequant_rotated_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_PROBE,
    .def_version = 1,
    .validate = validate, .generate = generate, .reference = reference, .items = "heads * tokens", .flops = flops,
    .bytes = bytes,
};
