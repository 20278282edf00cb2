/* rms_norm: y[r,i] = x[r,i] / sqrt(mean_j(x[r,j]^2) + eps) * w[i], w left out in the no_scale entries.
 * Source: mlx-native, rms_norm.metal and rms_norm.rs. */
#define MXB_PARAMS_TABLE struct rms_norm_params
#include "kernels/norm/rms_norm/rms_norm.h"
#include <math.h>
#include <stdio.h>

static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct rms_norm_params *p = pr->params;
    if ((uint64_t)p->rows * p->dim <= UINT32_MAX) return 0;
    snprintf(why, whylen, "Invalid argument: rows * dim is %llu, 32-bit element offsets need less than 2^32",
             (unsigned long long)p->rows * p->dim);
    return MXB_EINVAL;
}

enum { STREAM_X = 0x726d0001, STREAM_W, STREAM_ROW };    /* of mxb_rand_*: one per purpose */

static double sign_of(uint64_t seed, uint32_t stream, uint64_t i)
{
    return mxb_rand_u32(seed, stream, i) & 1 ? -1 : 1;
}

/* LARGE, even rows: zero, or 2^-40 to 2^40 apart (f16: what it can hold), so that eps decides some results and none of
 * the others.  Squares stay inside f32. */
static double row_factor(const struct mxb_problem *pr, uint32_t r)
{
    const int lo = pr->dtype[T_X] == MXB_F16 ? -10 : -40, hi = pr->dtype[T_X] == MXB_F16 ? 13 : 40;
    const uint32_t word = mxb_rand_u32(pr->seed, STREAM_ROW, r);
    return word % 8 == 0 ? 0 : ldexp(1, lo + (int)(word / 8 % (uint32_t)(hi - lo + 1)));
}

/* LARGE, odd rows and the weight: x = +-1, and w one step of T above a power of two.  A small eps puts y just below w,
 * and a store that truncates is wrong by a whole step, two units of roundoff, everywhere. */
static double large_weight(const struct mxb_problem *pr, uint32_t i)
{
    return sign_of(pr->seed, STREAM_W, i) * ldexp(1 + 2 * mxb_unit(pr->dtype[T_X]), (int)(i % 3) - 1);
}

/* NEEDLE: the column that makes up 64 of 65 parts of row r's sum: the last, 0, 2, 1, 4, 3, 8, 7 ..., or anywhere. */
static uint32_t needle_column(const struct mxb_problem *pr, uint32_t r)
{
    const struct rms_norm_params *p = pr->params;
    const uint32_t turn = (uint32_t)((r + pr->seed) % 24), edge = (1u << turn / 2) - turn % 2;
    if (turn == 0) return p->dim - 1;
    return edge < p->dim ? edge : mxb_rand_u32(pr->seed, STREAM_ROW, r) % p->dim;
}

static void generate_row(const struct mxb_problem *pr, uint32_t r, void *out)
{
    const struct rms_norm_params *p = pr->params;
    const bool large = pr->fill == MXB_FILL_LARGE, unit = large && r % 2 == 1;
    const double factor = large ? row_factor(pr, r) : 1;
    const uint64_t base = (uint64_t)r * p->dim;
    for (uint64_t i = base; i < base + p->dim; i++)
        mxb_store(pr->dtype[T_X], out, i, unit ? sign_of(pr->seed, STREAM_X, i)
                                               : factor * mxb_rand_normal(pr->seed, STREAM_X, i));
    if (pr->fill == MXB_FILL_NEEDLE)
        mxb_store(pr->dtype[T_X], out, base + needle_column(pr, r), 8 * sqrt(p->dim));
}

/* The other fills are generic.  So would the needle be, but its faint background vanishes beside the needle when it is
 * added: rounding errors that all have one sign are no part of the error scale below. */
static bool generate(const struct mxb_gen_ctx *g, uint32_t t, void *out)
{
    const struct mxb_problem *pr = g->pr;
    const struct rms_norm_params *p = pr->params;
    if (t == T_W && pr->fill == MXB_FILL_LARGE) {
        for (uint32_t i = 0; i < p->dim; i++) mxb_store(pr->dtype[T_W], out, i, large_weight(pr, i));
        return true;
    }
    if (t != T_X || (pr->fill != MXB_FILL_LARGE && pr->fill != MXB_FILL_NEEDLE)) return false;
    for (uint32_t r = 0; r < p->rows; r++) generate_row(pr, r, out);
    return true;
}

/* Relative error of y in units of u_acc.  The sum of squares S carries the root sum of squares of its partial sums
 * (serial: no sensible order is worse), of which (S / dim) / (S / dim + eps) reaches the mean and half of that 1/sqrt.
 * What is the same for a whole row does not average out over it and enters with its bound: division 2.5 ulp, halved by
 * the root, 2.5; adding eps, halved, 0.5; rsqrt 2 ulp, 4.  Two products: 1 each. */
static double relative_scale(double partials2, double sum, double dim_eps)
{
    const double row = 2.5 + 0.5 + 4;
    const double q = sum > 0 ? sqrt(partials2) / (sum + dim_eps) : 0;
    return sqrt(0.25 * q * q + row * row + 1 + 1);
}

static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct rms_norm_params *p = pr->params;
    const double *w = pr->nelem[T_W] ? t[T_W].v : NULL;
    for (int64_t r = r0; r < r1; r++) {
        const double *x = t[T_X].v + r * p->dim;
        double *y = t[T_Y].v + r * p->dim, *scale = t[T_Y].p + r * p->dim;
        double sum = 0, partials2 = 0;
        for (uint32_t i = 0; i < p->dim; i++) {
            sum += x[i] * x[i];
            partials2 += sum * sum;
        }
        const double inv = 1 / sqrt(sum / p->dim + (double)p->eps);
        const double relative = isfinite(sum) ? relative_scale(partials2, sum, (double)p->dim * p->eps) : 0;
        for (uint32_t i = 0; i < p->dim; i++) {
            y[i] = x[i] * inv * (w ? w[i] : 1);
            scale[i] = fabs(y[i]) * relative;
        }
    }
}

static double flops(const struct mxb_problem *pr)
{
    const struct rms_norm_params *p = pr->params;
    /* Square, add, scale, weight; one rsqrt per row is not counted. */
    return (pr->nelem[T_W] ? 4.0 : 3.0) * p->rows * p->dim;
}

static const struct mxb_tensor tensors[] = {
    { .name = "x", .role = MXB_IN,  .dtype = MXB_T,  .shape = "rows,dim", .gen = MXB_GEN_NORMAL },
    { .name = "w", .role = MXB_IN,  .dtype = MXB_T2, .shape = "dim", .gen = MXB_GEN_UNIFORM, .present = "HAS_W" },
    { .name = "y", .role = MXB_OUT, .dtype = MXB_T,  .shape = "rows,dim", .tol = MXB_TOL_SIGMA },
};

static const struct mxb_entry entries[] = {      /* T: x and y; T2: w */
    { "rms_norm_f32",           { MXB_F32, MXB_F32 },   "HAS_W=1" },
    { "rms_norm_f16",           { MXB_F16, MXB_F32 },   "HAS_W=1" },
    { "rms_norm_bf16",          { MXB_BF16, MXB_BF16 }, "HAS_W=1" },
    { "rms_norm_no_scale_f32",  { MXB_F32, MXB_F32 },   "HAS_W=0" },
    { "rms_norm_no_scale_bf16", { MXB_BF16, MXB_BF16 }, "HAS_W=0" },
};

static const struct mxb_tile tiles[] = {
    { "VEC", 1001, "dim % 4 == 0 ? 4 : 1", "1 4", "elements per load step" },
    { "WG",  1000, "max(32, min(256, np2(cdiv(dim, VEC))))", "32 64 128 256 512 1024", "work items per row" },
};
static const struct mxb_limit limits[] = {
    { "WG > 0 && WG == np2(WG)", "the tree reduction needs WG to be a power of two" },
    { "VEC == 1 || VEC == 4",    "VEC must be 1 or 4" },
    { "dim % VEC == 0",          "VEC must divide dim" },
};

#define SUBGROUP_TILES(vec)                                                                                          \
    { "VEC", 1001, vec, "1 4 8", "elements per load step" },                                                         \
    { "WG",  1000, "max(32, min(256, np2(cdiv(dim, VEC))))", "32 64 128 256 512 1024", "work items per row" },       \
    { "KEEP", 1002, "VEC > 1 && cdiv(dim, VEC * WG) <= 8 ? cdiv(dim, VEC * WG) : 0", "0 1 2 4 8",                    \
      "groups of VEC that a work item keeps in registers; 0: the row is read twice" }
static const struct mxb_tile subgroup_f32_tiles[] = { SUBGROUP_TILES("dim % 4 == 0 ? 4 : 1") };
static const struct mxb_tile subgroup_tiles[] = {      /* 16384: what 256 work items keep, 8 groups of 8 elements each */
    SUBGROUP_TILES("dim % 8 == 0 && dim <= 16384 ? 8 : dim % 4 == 0 ? 4 : 1"),
};
#define SUBGROUP_LIMITS                                                                                              \
    { "WG > 0 && WG == np2(WG)", "WG must be a power of two" },                                                      \
    { "dim % VEC == 0", "VEC must divide dim" },                                                                     \
    { "KEEP == 0 || VEC > 1 && KEEP <= 8 && VEC * KEEP * WG >= dim", "VEC KEEP WG must cover a row, in groups" }
static const struct mxb_limit subgroup_f32_limits[] = { { "VEC == 1 || VEC == 4", "VEC must be 1 or 4" }, SUBGROUP_LIMITS };
static const struct mxb_limit subgroup_limits[] = {
    { "VEC == 1 || VEC == 4 || VEC == 8 && KEEP > 0", "VEC must be 1 or 4, or 8 with KEEP" }, SUBGROUP_LIMITS,
};

/* Two grid axes: Vulkan guarantees no more than 65535 workgroups on one. */
#define ROW_GRID  { "min(rows, 65535)", "cdiv(rows, 65535)" }
static const struct mxb_kernel row_kernel[] = {
    { .entry = "rms_norm", .source = "rms_norm", .grid = ROW_GRID, .local = { "WG" }, .local_bytes = "4 * WG" },
};
static const struct mxb_kernel subgroup_kernel[] = {
    { .entry = "main", .source = "rms_norm_subgroup", .grid = ROW_GRID, .local = { "WG" }, .local_bytes = "4 * WG" },
};
static const struct mxb_kernel cpu_kernel[] = {
    { .entry = "rms_norm_cpu", .source = "rms_norm_cpu", .grid = { "rows" }, .cpu = rms_norm_cpu },
};
static const struct mxb_kernel cpu_avx2_kernel[] = {
    { .entry = "rms_norm_cpu_avx2", .source = "rms_norm_cpu_avx2", .grid = { "rows" }, .cpu = rms_norm_cpu_avx2 },
};
static const struct mxb_kernel cpu_avx512_kernel[] = {
    { .entry = "rms_norm_cpu_avx512", .source = "rms_norm_cpu_avx512", .grid = { "rows" }, .cpu = rms_norm_cpu_avx512 },
};

#define CPU_IMPL(n, text, feature, k) \
    { .lang = "c", .name = n, .about = text ", one row per task", .needs = feature, .kernel = k, .nkernel = 1 }
#define GPU_IMPL(langs, n, text, feature, names, t, l, k)                                                            \
    { .lang = langs, .name = n, .about = "one workgroup per row, " text, .needs = feature, .entries = names,         \
      .tile = t, .ntile = MXB_COUNT(t), .limit = l, .nlimit = MXB_COUNT(l), .kernel = k, .nkernel = 1 }
#define ENTRIES_F32 "rms_norm_f32 rms_norm_no_scale_f32"
#define ENTRIES_16BIT "rms_norm_f16 rms_norm_bf16 rms_norm_no_scale_bf16"
#define TREE(width) "tree reduction in local memory, " width
#define SUBGROUP(width) "subgroup reduction, one barrier, " width
static const struct mxb_impl impls[] = {         /* GPU: two rows each, as only 16-bit entries need 16-bit storage */
    CPU_IMPL("avx512", "AVX-512", MXB_FEAT_AVX512, cpu_avx512_kernel),
    CPU_IMPL("avx2", "AVX2 and FMA", MXB_FEAT_AVX2, cpu_avx2_kernel),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel),
    GPU_IMPL("cl comp", "row", TREE("f32"), 0, ENTRIES_F32, tiles, limits, row_kernel),
    GPU_IMPL("cl comp", "row", TREE("16 bits"), MXB_FEAT_F16_STORAGE, ENTRIES_16BIT, tiles, limits, row_kernel),
    GPU_IMPL("comp", "subgroup", SUBGROUP("f32"), MXB_FEAT_SUBGROUP, ENTRIES_F32, subgroup_f32_tiles, subgroup_f32_limits,
             subgroup_kernel),
    GPU_IMPL("comp", "subgroup", SUBGROUP("16 bits"), MXB_FEAT_SUBGROUP | MXB_FEAT_F16_STORAGE, ENTRIES_16BIT,
             subgroup_tiles, subgroup_limits, subgroup_kernel),
};

const struct mxb_op mxb_op_rms_norm = {
    .abi = MXB_OP_ABI, .name = "rms_norm", .family = "norm",
    .about = "root-mean-square normalisation of rows, with or without a weight",
    .source_ref = "mlx-native, rms_norm.metal",
    .param = rms_norm_param, .nparam = MXB_COUNT(rms_norm_param), .param_bytes = sizeof(struct rms_norm_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    /* No exact fill: devices may round division (2.5 ulp) and rsqrt (2 ulp) as they like, so an f32 result whose exact
     * value is representable need not come out bit-equal, whatever the data. */
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_NEEDLE | 1u << MXB_FILL_LARGE | 1u << MXB_FILL_PROBE,
    .def_version = 1,
    .validate = validate, .generate = generate, .reference = reference, .items = "rows", .flops = flops,
};
