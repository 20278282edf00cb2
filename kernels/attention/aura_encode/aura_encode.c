/* aura_encode: packs the direction of each row and keeps its length.
 *     N = |x|     u = x * (N > 1e-8 ? 1 / N : 0)     y = Pi u     code_d = number of boundaries below y_d (a tie counts as below)
 *     R = sqrt(sum_d codebook[code_d]^2)     norm = T(R > 1e-8 ? N / R : N), so that the decoded row is as long as x
 * Source: metaltile, aura_encode.rs.  This file: arguments, oracle and tables; inputs are made in aura_encode_fill.c. */
#define MXB_PARAMS_TABLE struct aura_encode_params
#include "kernels/attention/aura_encode/aura_encode_host.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include "kernels/common/aura_entries.h"

static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct aura_encode_params *p = pr->params;
    if (p->dim % 32 == 0 && p->dim <= DIM_MAX) return 0;
    snprintf(why, whylen, "Invalid argument: dim (%" PRIu32 ") must be a multiple of 32, at most %d", p->dim, DIM_MAX);
    return MXB_EINVAL;
}

/* Relative error scale of a square root of a sum of squares, squared, in units of roundoff: half of that of the sum,
 * and the root's 4.5 ulp (Vulkan: 1 / inversesqrt; OpenCL: 3), the same for a row, so with its bound.  error: root sum
 * of squares of the partial sums of N^2.  The terms of R^2 are few different numbers, so its roundings repeat and add
 * up: the plain sum. */
static double root_scale2(double error, double sum)
{
    return (sum > 0 ? 0.25 * error * error / (sum * sum) : 0) + 9 * 9;
}

/* One row: its codes into code[], the norm and its error scale. */
static void encode(const struct mxb_ref *t, uint32_t dim, uint32_t bits, const double *x, uint32_t *code, double *norm,
                   double *scale)
{
    double n2 = 0, n_partials2 = 0, r2 = 0, r_partials = 0;
    for (uint32_t j = 0; j < dim; j++) {
        n2 += x[j] * x[j];
        n_partials2 += n2 * n2;
    }
    const double n = sqrt(n2), inverse = n > (double)1e-8f ? 1 / n : 0;
    for (uint32_t d = 0; d < dim; d++) {
        double y = 0;
        for (uint32_t j = 0; j < dim; j++)
            y += t[T_ROTATION].v[(uint64_t)d * dim + j] * (x[j] * inverse);
        code[d] = 0;
        for (uint32_t k = 0; k + 1 < 1u << bits; k++)
            code[d] += y > t[T_BOUNDARIES].v[k];
        const double c = t[T_CODEBOOK].v[code[d]];
        r2 += c * c;
        r_partials += r2;
    }
    const double r = sqrt(r2), division = 5;     /* 2.5 ulp */
    *norm = r > (double)1e-8f ? n / r : n;
    *scale = fabs(*norm) * sqrt(root_scale2(sqrt(n_partials2), n2) + root_scale2(r_partials, r2) + division * division);
}

static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct aura_encode_params *p = pr->params;
    const uint32_t bits = aura_bits(pr->entry), width = (p->dim * bits + 31) / 32;
    uint32_t code[DIM_MAX];
    for (int64_t r = r0; r < r1; r++) {
        double norm, scale;
        encode(t, p->dim, bits, t[T_INPUT].v + r * p->dim, code, &norm, &scale);
        t[T_NORMS].v[r] = norm;
        if (t[T_NORMS].p && isfinite(norm)) t[T_NORMS].p[r] = scale;
        for (uint32_t w = 0; w < width; w++) {
            uint32_t word = 0;
            for (uint32_t bit = 0; bit < 32 && w * 32 + bit < p->dim * bits; bit++)
                word |= (code[(w * 32 + bit) / bits] >> (w * 32 + bit) % bits & 1) << bit;
            t[T_PACKED].v[r * width + w] = word;
        }
    }
}

/* The rotation, the search, and six operations per coordinate for the two lengths and the scaling. */
static double flops(const struct mxb_problem *pr)
{
    const struct aura_encode_params *p = pr->params;
    return (double)p->rows * p->dim * (2.0 * p->dim + (1u << aura_bits(pr->entry)) + 6);
}

static double bytes(const struct mxb_problem *pr)
{
    const struct aura_encode_params *p = pr->params;
    const double size = pr->dtype[T_INPUT] == MXB_F32 ? 4 : 2, width = (p->dim * aura_bits(pr->entry) + 31) / 32;
    return size * ((double)p->rows * p->dim + (double)p->dim * p->dim + p->rows) + 4.0 * p->rows * width;
}

static const struct mxb_tensor tensors[] = {     /* T_INPUT, T_ROTATION, ... */
    { .name = "input", .role = MXB_IN, .dtype = MXB_T, .shape = "rows,dim", .gen = MXB_GEN_NORMAL },
    { .name = "rotation", .role = MXB_IN, .dtype = MXB_T, .shape = "dim,dim" },
    { .name = "boundaries", .role = MXB_IN, .dtype = MXB_F32, .shape = "pow2(BITS) - 1" },
    { .name = "codebook", .role = MXB_IN, .dtype = MXB_T, .shape = "pow2(BITS)" },
    { .name = "packed_out", .role = MXB_OUT, .dtype = MXB_U32, .shape = "rows,cdiv(dim * BITS, 32)" },
    { .name = "norms_out", .role = MXB_OUT, .dtype = MXB_T, .shape = "rows" },
};
static const struct mxb_entry entries[] = { AURA_ENTRIES("aura_encode") };
static const char entries_f32[] = AURA_NAMES("aura_encode", "");
static const char entries_16bit[] = AURA_NAMES("aura_encode", "_f16") " " AURA_NAMES("aura_encode", "_bf16");

static const struct mxb_tile tiles[] = {
    { "WG", 1000, "dim <= 64 ? 64 : 128", "32 64 128 256", "work items per workgroup" },
    { "ROWS", 1001, "4", "1 2 4", "rows per workgroup, which share what is read of the rotation" },
};
static const struct mxb_limit limits[] = {
    { "WG > 0 && WG == np2(WG)", "the tree reduction needs WG to be a power of two" },
    { "WG <= max_wg", "WG exceeds the device's workgroup size" },
    { "ROWS >= 1 && ROWS <= 8", "ROWS must be in 1..8" },
};
/* Two grid axes: Vulkan guarantees no more than 65535 workgroups on one.  Per row 512 numbers and 512 codes; the tree. */
#define GROUPS "cdiv(rows, ROWS)"
static const struct mxb_kernel gpu_kernel[] = {
    { .entry = "aura_encode", .source = "aura_encode", .grid = { "min(" GROUPS ", 65535)", "cdiv(" GROUPS ", 65535)" },
      .local = { "WG" }, .local_bytes = "ROWS * 4096 + WG * 4" },
};
/* Codebook and boundaries; four rows: directions, rotated coordinates. */
#define CPU_KERNEL(name)                                                                                             \
    { .entry = #name, .source = #name, .grid = { "cdiv(rows, 4)" }, .scratch_bytes = "2048 + 2 * 4 * dim * 4", .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(aura_encode_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(aura_encode_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(aura_encode_cpu_avx512) };
static const struct mxb_impl impls[] = {
    AURA_CPU_IMPLS,
    AURA_GPU_IMPL("rows", "one workgroup per ROWS rows", entries_f32, 0),
    AURA_GPU_IMPL("rows", "one workgroup per ROWS rows", entries_16bit, MXB_FEAT_F16_STORAGE),
};

const struct mxb_op mxb_op_aura_encode = {
    .abi = MXB_OP_ABI, .name = "aura_encode", .family = "attention",
    .about = "rotates, quantises and packs rows, and keeps their lengths",
    .source_ref = "metaltile, aura_encode.rs",
    .param = aura_encode_param, .nparam = MXB_COUNT(aura_encode_param), .param_bytes = sizeof(struct aura_encode_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    /* No exact fill: the norms are quotients of square roots.  The codes are compared bit for bit under every fill. */
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_NEEDLE | 1u << MXB_FILL_LARGE | 1u << MXB_FILL_PROBE,
    .def_version = 1,
    .validate = validate, .generate = aura_encode_generate, .reference = reference, .items = "rows", .flops = flops,
    .bytes = bytes,
};
