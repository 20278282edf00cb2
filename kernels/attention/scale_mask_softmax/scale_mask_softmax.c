/* scale_mask_softmax: output = softmax(scale input + mask) per row; all heads share the mask, row r uses its row r % seq_q.
 *     t_k = scale input_k + mask_k,   output_k = exp(t_k - max t) / sum_j exp(t_j - max t)
 * A row whose mask is -inf everywhere comes out NaN everywhere, as upstream's -inf - -inf makes it.
 * Source: mlx-native, scale_mask_softmax.metal and .rs. */
#define MXB_PARAMS_TABLE struct scale_mask_softmax_params
#include "kernels/attention/scale_mask_softmax/scale_mask_softmax.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const double U = 0x1p-24;

static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct scale_mask_softmax_params *p = pr->params;
    if (p->rows % p->seq_q)
        snprintf(why, whylen, "Invalid argument: rows (%" PRIu32 ") must be a multiple of seq_q (%" PRIu32 ")", p->rows, p->seq_q);
    else if ((uint64_t)p->rows * p->cols > UINT32_MAX)
        snprintf(why, whylen, "Invalid argument: rows * cols is %" PRIu64 ", 32-bit element offsets need less than 2^32",
                 (uint64_t)p->rows * p->cols);
    else
        return 0;
    return MXB_EINVAL;
}

/* ---- inputs ---- */

enum { STREAM_CELL = 0x736d0001, STREAM_ROW };   /* of mxb_rand_* */

/* Last open column of a row of the mask: causal, aligned at the right. */
static uint32_t causal_end(const struct scale_mask_softmax_params *p, uint32_t q)
{
    const int64_t end = (int64_t)p->cols - p->seq_q + q;
    return end < 0 ? 0 : (uint32_t)end;
}

/* Column that decides a row: first, last open, around powers of two, or anywhere. */
static uint32_t place(const struct mxb_problem *pr, uint32_t row, uint32_t end)
{
    const uint32_t word = mxb_rand_u32(pr->seed, STREAM_ROW, row), turn = word % 8;
    const uint32_t edge = (1u << word / 8 % 14) - 1 + word / 128 % 3;
    if (turn <= 1) return turn == 0 ? 0 : end;
    return turn <= 5 && edge <= end ? edge : word / 8 % (end + 1);
}

/* normal, exact and needle: causal.  large: causal with soft biases.  probe: random holes, one row of three all blocked, one
 * with a single open cell. */
static double mask_cell(const struct mxb_problem *pr, uint32_t q, uint32_t k)
{
    const struct scale_mask_softmax_params *p = pr->params;
    if (pr->fill != MXB_FILL_PROBE && k > causal_end(p, q)) return -INFINITY;
    if (pr->fill != MXB_FILL_PROBE && pr->fill != MXB_FILL_LARGE) return 0;
    const uint32_t word = mxb_rand_u32(pr->seed, STREAM_CELL, (uint64_t)q * p->cols + k);
    if (pr->fill == MXB_FILL_PROBE) {
        const uint64_t kind = (q + pr->seed) % 3;
        return kind == 0 ? -INFINITY : kind == 1 ? (k == place(pr, q, p->cols - 1) ? 0 : -INFINITY) : word % 2 ? -INFINITY : 0;
    }
    return word % 4 == 0 ? -1e4 : word % 4 == 1 ? -0x1.fep127 : mxb_rand_normal(pr->seed, STREAM_CELL, (uint64_t)q * p->cols + k);
}

/* Values of scale * input.  exact: 0 in 1, 2 or 4 neighbouring columns, -256 elsewhere, where exp is 0.  needle: 30 in one column.
 * large: around 300 or -300, so that exp without the maximum overflows or vanishes, and rising along the row. */
static double score(const struct mxb_problem *pr, uint32_t r, uint32_t k)
{
    const struct scale_mask_softmax_params *p = pr->params;
    const uint64_t i = (uint64_t)r * p->cols + k;
    const uint32_t end = causal_end(p, r % p->seq_q), at = place(pr, r, end);
    const uint32_t tops = end >= 3 ? 1u << r % 3 : 1, first = at + tops - 1 <= end ? at : end - (tops - 1);
    switch (pr->fill) {
    case MXB_FILL_EXACT:  return k >= first && k < first + tops ? 0 : -256;
    case MXB_FILL_NEEDLE: return mxb_rand_normal(pr->seed, T_INPUT, i) + (k == at ? 30 : 0);
    case MXB_FILL_LARGE:  return (r % 2 ? -300 : 300) + mxb_rand_normal(pr->seed, T_INPUT, i) + 20.0 * k / p->cols;
    default:              return 2 * mxb_rand_normal(pr->seed, T_INPUT, i);
    }
}

static bool generate(const struct mxb_gen_ctx *g, uint32_t t, void *out)
{
    const struct mxb_problem *pr = g->pr;
    const struct scale_mask_softmax_params *p = pr->params;
    const double unit = p->scale == 0 ? 0 : 1 / (double)p->scale;
    if (t == T_INPUT && pr->fill == MXB_FILL_NORMAL) return false;       /* the harness's normal numbers: may be gigabytes */
    for (uint32_t r = 0; r < (t == T_MASK ? p->seq_q : p->rows); r++)
        for (uint32_t k = 0; k < p->cols; k++)
            mxb_store(pr->dtype[t], out, (uint64_t)r * p->cols + k, t == T_MASK ? mask_cell(pr, r, k) : unit * score(pr, r, k));
    return true;
}

/* ---- oracle ---- */

/* Variance of the relative error of exp(x): its argument is rounded, exp may be off by 3 + 2|x| ulp (Vulkan). */
static double exp_variance(double x)
{
    const double argument = U * x, function = (3 + 2 * fabs(x)) * 2 * U;
    return argument * argument + function * function / 3;
}

/* Relative variance of e_k = exp(t_k - max): the product and t_k are rounded, then the difference and exp.  Online kernels form
 * it as exp(t_k - m) exp(m - max) with m between the two, so exp counts twice. */
static double variance(double product, double t, double max)
{
    return U * U * (product * product + t * t) + 2 * exp_variance(t - max);
}

/* x: the error of e_k, and of Z those of its terms, of its partial sums and of at most log2(cols) + 32 changes of the running
 * maximum (a product each); the division may be off by 2.5 ulp, and the product is rounded. */
static void reference_row(const struct scale_mask_softmax_params *p, uint32_t r, const struct mxb_ref *t)
{
    const double *in = t[T_INPUT].v + (uint64_t)r * p->cols, *mask = t[T_MASK].v + (uint64_t)(r % p->seq_q) * p->cols;
    double *out = t[T_OUTPUT].v + (uint64_t)r * p->cols, *x = t[T_OUTPUT].x + (uint64_t)r * p->cols;
    const double scale = (double)p->scale, division = 2.5 * 2 * U;
    double max = -INFINITY, z = 0, z2 = 0;
    for (uint32_t k = 0; k < p->cols; k++) max = fmax(max, scale * in[k] + mask[k]);
    for (uint32_t k = 0; k < p->cols; k++) {
        const double product = scale * in[k], value = product + mask[k];
        out[k] = exp(value - max);               /* NaN in all columns where all are blocked */
        z += out[k];
        z2 += U * U * z * z + (out[k] > 0 ? out[k] * out[k] * variance(product, value, max) : 0);
    }
    const double rest = z2 / (z * z) + division * division / 3 + U * U * (log2(p->cols) + 32);
    for (uint32_t k = 0; k < p->cols; k++) {
        const double product = scale * in[k], value = product + mask[k];
        out[k] /= z;
        x[k] = out[k] > 0 ? out[k] * sqrt(variance(product, value, max) + rest) : 0;
    }
}

static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    for (int64_t r = r0; r < r1; r++) reference_row(pr->params, (uint32_t)r, t);
}

static double flops(const struct mxb_problem *pr)
{
    const struct scale_mask_softmax_params *p = pr->params;
    return 7.0 * p->rows * p->cols;              /* scale, add, compare, subtract, exp, sum, product */
}

/* ---- tables ---- */

static const struct mxb_tensor tensors[] = {     /* T_INPUT, T_OUTPUT, T_MASK */
    { .name = "input",  .role = MXB_IN,  .dtype = MXB_T,  .shape = "rows,cols", .gen = MXB_GEN_NORMAL },
    { .name = "output", .role = MXB_OUT, .dtype = MXB_T,  .shape = "rows,cols" },
    { .name = "mask",   .role = MXB_IN,  .dtype = MXB_T2, .shape = "seq_q,cols" },
};
static const struct mxb_entry entries[] = {
    { "scale_mask_softmax_f32", { MXB_F32, MXB_BF16 }, NULL },
};
static const struct mxb_tile tiles[] = {
    { "VEC", 1001, "cols % 4 == 0 ? 4 : 1", "1 4", "elements per load step" },
    { "WG",  1000, "max(32, min(256, np2(cdiv(cols, VEC))))", "32 64 128 256 512 1024", "work items per row" },
    { "KEEP", 1002, "cdiv(cols, VEC * WG) <= 8 && VEC == 4 ? cdiv(cols, 4 * WG) : 0", "0 1 2 4 8",
      "groups of four that a work item keeps in registers; 0: rows are read twice" },
};
static const struct mxb_limit limits[] = {
    { "WG > 0 && WG == np2(WG)", "the tree reduction needs WG to be a power of two" },
    { "VEC == 1 || VEC == 4",    "VEC must be 1 or 4" },
    { "cols % VEC == 0",         "VEC must divide cols" },
    { "KEEP == 0 || VEC == 4 && KEEP <= 16 && 4 * KEEP * WG >= cols", "4 KEEP WG must cover a row, in groups of four" },
};
/* Two grid axes: Vulkan guarantees no more than 65535 workgroups on one. */
static const struct mxb_kernel gpu_kernel[] = {
    { .entry = "scale_mask_softmax", .source = "scale_mask_softmax", .grid = { "min(rows, 65535)", "cdiv(rows, 65535)" },
      .local = { "WG" }, .local_bytes = "4 * WG" },
};
#define CPU_KERNEL(name) { .entry = #name, .source = #name, .grid = { "rows" }, .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(scale_mask_softmax_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(scale_mask_softmax_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(scale_mask_softmax_cpu_avx512) };
#define CPU_IMPL(n, text, feature, k) \
    { .lang = "c", .name = n, .about = text ", one row per task", .needs = feature, .kernel = k, .nkernel = 1 }
static const struct mxb_impl impls[] = {
    CPU_IMPL("avx512", "AVX-512", MXB_FEAT_AVX512, cpu_avx512_kernel),
    CPU_IMPL("avx2", "AVX2 and FMA", MXB_FEAT_AVX2, cpu_avx2_kernel),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel),
    { .lang = "cl comp", .name = "row", .about = "one workgroup per row, which stays in registers where it fits",
      .needs = MXB_FEAT_F16_STORAGE, .tile = tiles, .ntile = MXB_COUNT(tiles), .limit = limits, .nlimit = MXB_COUNT(limits),
      .kernel = gpu_kernel, .nkernel = 1 },
};

const struct mxb_op mxb_op_scale_mask_softmax = {
    .abi = MXB_OP_ABI, .name = "scale_mask_softmax", .family = "attention",
    .about = "softmax of scaled and masked attention scores",
    .source_ref = "mlx-native, scale_mask_softmax.metal",
    .param = scale_mask_softmax_param, .nparam = MXB_COUNT(scale_mask_softmax_param),
    .param_bytes = sizeof(struct scale_mask_softmax_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT | 1u << MXB_FILL_NEEDLE | 1u << MXB_FILL_LARGE |
             1u << MXB_FILL_PROBE,
    .def_version = 1,
    .validate = validate, .generate = generate, .reference = reference, .items = "rows", .flops = flops,
};
