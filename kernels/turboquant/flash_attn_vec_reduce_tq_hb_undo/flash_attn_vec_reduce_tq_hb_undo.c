/* flash_attn_vec_reduce_tq_hb_undo: merges the partial results that flash_attn_vec_tq_hb leaves in tmp and turns the
 * rows back, in one dispatch; the same bits as flash_attn_vec_reduce and fwht_sign_undo one after the other:
 *     M = max_g M_g, e_g = exp(M_g - M), Z = sum_g S_g e_g, y[c] = Z == 0 ? 0 : sum_g a_g[c] e_g / Z, out = sigma (H y)
 * a_g[4i + k] of row r lies at 4 (r (DIM/4) nwg + i nwg + g) + k; from nrows DIM nwg on, S_g at 2 (r nwg + g), M_g
 * behind it.  A group without keys has a = 0, S = 0, M = -FLT_MAX/2.  Source: the dispatcher of mlx-native; upstream's
 * shader is not public, its two halves are. */
#define MXB_PARAMS_TABLE struct flash_attn_vec_reduce_tq_hb_undo_params
#include "kernels/turboquant/flash_attn_vec_reduce_tq_hb_undo/flash_attn_vec_reduce_tq_hb_undo.h"
#include <math.h>
#include "kernels/common/tq_oracle.h"

#define PARAMS struct flash_attn_vec_reduce_tq_hb_undo_params
enum { MAX_DIM = 512, MAX_GROUPS = 32 };
static const double U = 0x1p-24, NEG_BIG = -0x1.fffffep126;

static uint32_t dim_of(const struct mxb_problem *pr)
{
    return (uint32_t)(pr->nelem[T_OUT] / ((const PARAMS *)pr->params)->nrows);
}

/* ---- inputs ---- */

enum { STREAM_A = 0x72750001, STREAM_SUM, STREAM_MAX };  /* of mxb_rand_* */

struct part { double s, m; bool empty; };        /* one group of one row */

/* Normal: maxima some units apart, every seventh group and every fifth row empty.  Large: maxima up to 80 apart.
 * Exact: one, two or four groups have S = 1 and the largest maximum, the others lie 200 below: factors of exactly 1 and
 * 0. */
static struct part part_of(const struct mxb_problem *pr, uint32_t r, uint32_t g)
{
    const PARAMS *p = pr->params;
    const uint64_t i = (uint64_t)r * p->nwg + g;
    const double sum = 0.5 + 31.5 * mxb_rand_uniform(pr->seed, STREAM_SUM, i);
    const double m = (pr->fill == MXB_FILL_LARGE ? 40 : 3) * mxb_rand_normal(pr->seed, STREAM_MAX, i);
    const uint32_t tops = p->nwg >= 4 ? 1u << (r + pr->seed) % 3 : 1;
    const uint32_t first = mxb_rand_u32(pr->seed, STREAM_MAX, r) % p->nwg;
    const bool empty = (i + pr->seed) % 7 == 6 || (r + pr->seed) % 5 == 4;
    if (pr->fill == MXB_FILL_EXACT) return (struct part){ 1, (g + p->nwg - first) % p->nwg < tops ? 8 : -192, false };
    return empty ? (struct part){ 0, NEG_BIG, true } : (struct part){ sum, m, false };
}

static bool generate(const struct mxb_gen_ctx *ctx, uint32_t t, void *out)
{
    const struct mxb_problem *pr = ctx->pr;
    const PARAMS *p = pr->params;
    const uint32_t dim = dim_of(pr);
    float *tmp = out, *sm = tmp + (uint64_t)p->nrows * dim * p->nwg;
    for (uint32_t r = 0; t == T_TMP && r < p->nrows; r++)
        for (uint32_t g = 0; g < p->nwg; g++) {
            const struct part part = part_of(pr, r, g);
            for (uint32_t c = 0; c < dim; c++) {
                const uint64_t at = 4 * (((uint64_t)r * (dim / 4) + c / 4) * p->nwg + g) + c % 4;
                const uint32_t word = mxb_rand_u32(pr->seed, STREAM_A, at);
                const double a = pr->fill == MXB_FILL_EXACT ? (int)(word % 255) - 127
                                                            : part.s * mxb_rand_normal(pr->seed, STREAM_A, at);
                tmp[at] = part.empty ? 0 : (float)a;
            }
            sm[2 * ((uint64_t)r * p->nwg + g)] = (float)part.s;
            sm[2 * ((uint64_t)r * p->nwg + g) + 1] = (float)part.m;
        }
    return t == T_TMP;
}

/* ---- oracle ---- */

static double exp_variance(double x)             /* argument rounded, 3 + 2|x| ulp taken as uniformly distributed */
{
    const double argument = U * x, function = (3 + 2 * fabs(x)) * 2 * U;
    return argument * argument + function * function / 3;
}

struct merged { double y[MAX_DIM], var[MAX_DIM], e[MAX_GROUPS], z, z2; };

/* y, and the variance of its own roundings: partial sums and products, the product by 1 / Z, in units of u^2. */
static void merge(const PARAMS *p, uint32_t dim, const double *a, const double *sm, struct merged *o)
{
    double m = NEG_BIG;
    o->z = o->z2 = 0;
    for (uint32_t g = 0; g < p->nwg; g++) m = fmax(m, sm[2 * g + 1]);
    for (uint32_t g = 0; g < p->nwg; g++) {
        o->e[g] = exp(sm[2 * g + 1] - m);
        o->z += sm[2 * g] * o->e[g];
        o->z2 += o->z * o->z + pow(sm[2 * g] * o->e[g], 2);
    }
    for (uint32_t c = 0; c < dim; c++) {
        double sum = 0, partials2 = 0;
        for (uint32_t g = 0; g < p->nwg; g++) {
            const double term = a[(c / 4 * p->nwg + g) * 4 + c % 4] * o->e[g];
            sum += term;
            partials2 += sum * sum + term * term;
        }
        o->y[c] = o->z == 0 ? 0 : sum / o->z;
        o->var[c] = o->z == 0 ? 0 : partials2 / (o->z * o->z) + o->y[c] * o->y[c];
    }
}

/* Adds what the error of each exp does to the row.  One error moves the whole of y by e_g (a_g - y S_g) / Z, so its
 * transform is what it does to z. */
static void add_exp_errors(const PARAMS *p, uint32_t dim, const double *a, const double *sm, const struct merged *o,
                           double *x2)
{
    double m = NEG_BIG;
    for (uint32_t g = 0; g < p->nwg; g++) m = fmax(m, sm[2 * g + 1]);
    for (uint32_t g = 0; g < p->nwg; g++) {
        double shift[MAX_DIM], turned[MAX_DIM], unused[MAX_DIM];
        if (o->e[g] == 0) continue;
        for (uint32_t c = 0; c < dim; c++)
            shift[c] = o->e[g] * (a[(c / 4 * p->nwg + g) * 4 + c % 4] - o->y[c] * sm[2 * g]) / o->z;
        tq_oracle_butterflies(shift, dim, turned, unused);
        for (uint32_t c = 0; c < dim; c++) x2[c] += turned[c] * turned[c] * exp_variance(sm[2 * g + 1] - m);
    }
}

/* p: sums of the transform and of y, whose roundings are independent and spread evenly over the row.  x: errors that
 * are common to the row: exp, the sum Z, and 1 / Z, which may be off by 2.5 ulp. */
static void reference_row(const struct mxb_problem *pr, const struct mxb_ref *t, uint32_t r)
{
    const PARAMS *p = pr->params;
    const uint32_t dim = dim_of(pr);
    const double *a = t[T_TMP].v + (uint64_t)r * dim * p->nwg;
    const double *sm = t[T_TMP].v + ((uint64_t)p->nrows * dim + 2 * r) * p->nwg;
    const double factor = tq_oracle_factor(dim), division = 2.5 * 2 * U;
    double z[MAX_DIM], fast[MAX_DIM], var[MAX_DIM], x2[MAX_DIM] = { 0 }, spread = 0;
    struct merged o;
    merge(p, dim, a, sm, &o);
    tq_oracle_hadamard(o.y, dim, z);
    tq_oracle_butterflies(o.y, dim, fast, var);
    if (o.z != 0) add_exp_errors(p, dim, a, sm, &o, x2);
    for (uint32_t c = 0; c < dim; c++) spread += factor * factor * o.var[c];
    const double common = o.z == 0 ? 0 : U * U * o.z2 / (o.z * o.z) + division * division / 3;
    for (uint32_t c = 0; c < dim; c++) {
        const uint64_t at = (uint64_t)r * dim + c;
        t[T_OUT].v[at] = tq_oracle_sign(c) * z[c];
        t[T_OUT].p[at] = sqrt(var[c] + spread);
        t[T_OUT].x[at] = sqrt(x2[c] + z[c] * z[c] * common);
    }
}

static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    for (int64_t r = r0; r < r1; r++) reference_row(pr, t, (uint32_t)r);
}

static double flops(const struct mxb_problem *pr)
{
    const double n = (double)pr->nelem[T_OUT];
    return 3 * n * ((const PARAMS *)pr->params)->nwg + n * (log2(dim_of(pr)) + 2);
}

/* ---- tables ---- */

static const struct mxb_tensor tensors[] = {     /* T_TMP, T_OUT */
    { .name = "tmp", .role = MXB_IN,  .dtype = MXB_F32, .shape = "nrows * nwg * (DIM + 2)" },
    { .name = "out", .role = MXB_OUT, .dtype = MXB_F32, .shape = "nrows, DIM" },
};
static const struct mxb_entry entries[] = {
    { "flash_attn_vec_reduce_tq_hb_undo_dk256", { MXB_F32 }, "DIM=256" },
    { "flash_attn_vec_reduce_tq_hb_undo_dk512", { MXB_F32 }, "DIM=512" },
};
static const struct mxb_tile tiles[] = {
    { "WG", 1000, "DIM / 4", "32 64 128", "work items per row" },
};
static const struct mxb_limit limits[] = {
    { "WG >= 32", "WG must be at least the 32 groups that a row may have" },
    { "DIM / 4 % WG == 0", "WG must divide the DIM / 4 vectors of a row" },
};
/* A row, and two numbers per group. */
static const struct mxb_kernel fused_kernel[] = {
    { .entry = "flash_attn_vec_reduce_tq_hb_undo", .source = "flash_attn_vec_reduce_tq_hb_undo", .grid = { "nrows" },
      .local = { "WG" }, .local_bytes = "4 * DIM + 256" },
};
static const struct mxb_kernel pair_kernel[] = {
    { .entry = "merge_rows", .source = "flash_attn_vec_reduce_tq_hb_undo_merge", .grid = { "nrows" }, .local = { "WG" },
      .local_bytes = "256" },
    { .entry = "undo_rows", .source = "flash_attn_vec_reduce_tq_hb_undo_turn", .grid = { "nrows" }, .local = { "WG" },
      .local_bytes = "4 * DIM", .bind = "out" },
};
#define CPU_KERNEL(name) { .entry = #name, .source = #name, .grid = { "nrows" }, .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(flash_attn_vec_reduce_tq_hb_undo_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(flash_attn_vec_reduce_tq_hb_undo_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(flash_attn_vec_reduce_tq_hb_undo_cpu_avx512) };

#define CPU_IMPL(n, text, feature, k) \
    { .lang = "c", .name = n, .about = text ", one row per task", .needs = feature, .kernel = k, .nkernel = 1 }
#define GPU_IMPL(n, text, k)                                                                                         \
    { .lang = "cl comp", .name = n, .about = text, .tile = tiles, .ntile = MXB_COUNT(tiles), .limit = limits,        \
      .nlimit = MXB_COUNT(limits), .kernel = k, .nkernel = MXB_COUNT(k) }
static const struct mxb_impl impls[] = {
    CPU_IMPL("avx512", "AVX-512", MXB_FEAT_AVX512, cpu_avx512_kernel),
    CPU_IMPL("avx2", "AVX2 and FMA", MXB_FEAT_AVX2, cpu_avx2_kernel),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel),
    GPU_IMPL("fused", "one workgroup per row, the merged row stays in local memory", fused_kernel),
    GPU_IMPL("pair", "merge and sign-undo as two dispatches, to compare with", pair_kernel),
};

const struct mxb_op mxb_op_flash_attn_vec_reduce_tq_hb_undo = {
    .abi = MXB_OP_ABI, .name = "flash_attn_vec_reduce_tq_hb_undo", .family = "turboquant",
    .about = "merges split-K decode attention over a TurboQuant cache and turns the result back",
    .source_ref = "mlx-native, flash_attn_vec_reduce_tq_hb_undo",
    .param = flash_attn_vec_reduce_tq_hb_undo_param, .nparam = MXB_COUNT(flash_attn_vec_reduce_tq_hb_undo_param),
    .param_bytes = sizeof(PARAMS),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT | 1u << MXB_FILL_LARGE,
    .def_version = 1,
    /* No validate: ranges say everything, and within them tmp has less than 2^31 elements. */
    .generate = generate, .reference = reference, .items = "nrows", .flops = flops,
};
