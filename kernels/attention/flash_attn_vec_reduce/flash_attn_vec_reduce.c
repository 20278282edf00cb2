/* flash_attn_vec_reduce: merges the partial results that flash_attn_vec leaves in tmp:
 *     M = max_g M_g, e_g = exp(M_g - M), Z = sum_g S_g e_g, out[r][c] = Z == 0 ? 0 : sum_g a_g[c] e_g / Z
 * a_g[4i + k] of row r lies at 4 (r (BD/4) nwg + i nwg + g) + k; from nrows BD nwg on, S_g at 2 (r nwg + g), M_g behind it.
 * A group without keys has a = 0, S = 0, M = -FLT_MAX/2.  Source: mlx-native, flash_attn_vec.metal. */
#define MXB_PARAMS_TABLE struct flash_attn_vec_reduce_params
#include "kernels/attention/flash_attn_vec_reduce/flash_attn_vec_reduce.h"
#include <math.h>

static const double U = 0x1p-24, NEG_BIG = -0x1.fffffep126;

static uint32_t head_dim(const struct mxb_problem *pr)
{
    const struct flash_attn_vec_reduce_params *p = pr->params;
    return (uint32_t)(pr->nelem[T_OUT] / p->nrows);
}

/* ---- inputs ---- */

enum { STREAM_A = 0x76720001, STREAM_SUM, STREAM_MAX, STREAM_ROW, STREAM_PLACE };    /* of mxb_rand_* */

struct part { double s, m; bool empty; };        /* one group of one row */

/* Groups of a row by turns: first, last, the middle, or anywhere. */
static uint32_t needle_group(const struct mxb_problem *pr, uint32_t r)
{
    const struct flash_attn_vec_reduce_params *p = pr->params;
    const uint32_t place[4] = { p->nwg - 1, 0, p->nwg / 2, mxb_rand_u32(pr->seed, STREAM_ROW, r) % p->nwg };
    return place[(r + pr->seed) % 4];
}

/* Exact: 1, 2 or 4 groups with the same maximum and S = 1, as many as there are at most. */
static bool exact_top(const struct mxb_problem *pr, uint32_t r, uint32_t g)
{
    const struct flash_attn_vec_reduce_params *p = pr->params;
    const uint32_t most = p->nwg >= 4 ? 4 : p->nwg >= 2 ? 2 : 1, tops = 1u << (r + pr->seed) % 3;
    const uint32_t n = tops < most ? tops : most;
    return (g + p->nwg - needle_group(pr, r)) % p->nwg < n;
}

static struct part part_of(const struct mxb_problem *pr, uint32_t r, uint32_t g)
{
    const struct flash_attn_vec_reduce_params *p = pr->params;
    const uint64_t i = (uint64_t)r * p->nwg + g;
    const uint32_t word = mxb_rand_u32(pr->seed, STREAM_ROW, UINT64_C(1) << 32 | i);
    struct part x = { .s = 1 + 31 * mxb_rand_uniform(pr->seed, STREAM_SUM, i), .m = 2 * mxb_rand_normal(pr->seed, STREAM_MAX, i) };
    switch (pr->fill) {
    case MXB_FILL_EXACT:                         /* exp(-256) is 0 in f32 */
        x = (struct part){ .s = exact_top(pr, r, g) ? 1 : 7, .m = exact_top(pr, r, g) ? 3 : -253 };
        break;
    case MXB_FILL_NEEDLE:
        x.m += g == needle_group(pr, r) ? 40 : 0;
        break;
    case MXB_FILL_LARGE:                         /* exp of M, and of one group's distance, overflows; long contexts; empty rows */
        x.m = (r % 2 ? -3000 : 3000) + 4 * x.m + (g == needle_group(pr, r) ? 200 : 0);
        x.s *= 8192;
        x.empty = r % 5 == 4 || word % 4 == 0;
        break;
    default:
        x.empty = g > 0 && word % 8 == 0;
        break;
    }
    if (x.empty) x = (struct part){ .s = 0, .m = NEG_BIG, .empty = true };
    return x;
}

static double value(const struct mxb_problem *pr, const struct part *x, uint64_t at)
{
    if (x->empty) return 0;
    if (pr->fill == MXB_FILL_EXACT) return (int)(mxb_rand_u32(pr->seed, STREAM_A, at) % 17) - 8;
    return x->s * mxb_rand_normal(pr->seed, STREAM_A, at);
}

/* NaN and infinities in single columns of every third row. */
static void place_probes(const struct mxb_problem *pr, void *out)
{
    static const double special[3] = { NAN, INFINITY, -INFINITY };
    const struct flash_attn_vec_reduce_params *p = pr->params;
    const uint32_t d = head_dim(pr);
    for (uint32_t r = (uint32_t)(pr->seed % 3); r < p->nrows; r += 3)
        for (uint32_t i = 0; i < 3; i++) {
            const uint32_t c = (mxb_rand_u32(pr->seed, STREAM_PLACE, r) + i * 5) % d;
            mxb_store(MXB_F32, out, 4 * ((uint64_t)r * (d / 4) + c / 4) * p->nwg + c % 4, special[i]);   /* group 0 */
        }
}

static bool generate(const struct mxb_gen_ctx *gen, uint32_t t, void *out)
{
    const struct mxb_problem *pr = gen->pr;
    const struct flash_attn_vec_reduce_params *p = pr->params;
    const uint32_t d = head_dim(pr);
    (void)t;                                     /* tmp is the only input */
    for (uint32_t r = 0; r < p->nrows; r++)
        for (uint32_t g = 0; g < p->nwg; g++) {
            const struct part x = part_of(pr, r, g);
            const uint64_t sm = (uint64_t)p->nrows * d * p->nwg + 2 * ((uint64_t)r * p->nwg + g);
            for (uint32_t c = 0; c < d; c++) {
                const uint64_t at = 4 * (((uint64_t)r * (d / 4) + c / 4) * p->nwg + g) + c % 4;
                mxb_store(MXB_F32, out, at, value(pr, &x, at));
            }
            mxb_store(MXB_F32, out, sm, x.s);
            mxb_store(MXB_F32, out, sm + 1, x.m);
        }
    if (pr->fill == MXB_FILL_PROBE) place_probes(pr, out);
    return true;
}

/* ---- oracle ---- */

/* Variance of the relative error of e = exp(x): its argument is rounded, exp may be off by 3 + 2|x| ulp (Vulkan). */
static double exp_variance(double x)
{
    const double argument = U * x, function = (3 + 2 * fabs(x)) * 2 * U;
    return argument * argument + function * function / 3;
}

/* Errors of e_g move the result towards a_g / S_g: e_g (a_g - o S_g) / Z times their relative error.  Beside that, the
 * products a_g e_g and S_g e_g are rounded, and so are the partial sums, those of the a_g e_g in p; the division may be
 * off by 2.5 ulp, the product by 1 / Z by half of one. */
static void reference_row(const struct flash_attn_vec_reduce_params *p, uint32_t d, uint32_t r, const struct mxb_ref *t)
{
    const double *a = t[T_TMP].v + (uint64_t)r * d * p->nwg;
    const double *sm = t[T_TMP].v + ((uint64_t)p->nrows * d + 2 * (uint64_t)r) * p->nwg;
    const double division = 2.5 * 2 * U;
    double e[32], m = NEG_BIG, z = 0, z2 = 0;
    for (uint32_t g = 0; g < p->nwg; g++) m = fmax(m, sm[2 * g + 1]);
    for (uint32_t g = 0; g < p->nwg; g++) {
        e[g] = exp(sm[2 * g + 1] - m);
        z += sm[2 * g] * e[g];
        z2 += z * z + sm[2 * g] * e[g] * sm[2 * g] * e[g];
    }
    for (uint32_t c = 0; c < d; c++) {
        const uint64_t at = (uint64_t)r * d + c;
        double sum = 0, partials2 = 0, x2 = 0;
        if (z == 0) {
            t[T_OUT].v[at] = 0;
            continue;
        }
        for (uint32_t g = 0; g < p->nwg; g++) {
            const double term = a[(c / 4 * p->nwg + g) * 4 + c % 4] * e[g];
            sum += term;
            partials2 += sum * sum + term * term;
        }
        const double o = sum / z;
        for (uint32_t g = 0; g < p->nwg; g++) {
            const double shift = e[g] * (a[(c / 4 * p->nwg + g) * 4 + c % 4] - o * sm[2 * g]) / z;
            x2 += e[g] == 0 ? 0 : shift * shift * exp_variance(sm[2 * g + 1] - m);
        }
        t[T_OUT].v[at] = o;
        t[T_OUT].p[at] = sqrt(partials2) / z;
        t[T_OUT].x[at] = sqrt(x2 + o * o * (U * U * z2 / (z * z) + division * division / 3 + U * U));
    }
}

static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    for (int64_t r = r0; r < r1; r++) reference_row(pr->params, head_dim(pr), (uint32_t)r, t);
}

static double flops(const struct mxb_problem *pr)
{
    const struct flash_attn_vec_reduce_params *p = pr->params;
    return 3.0 * (double)pr->nelem[T_OUT] * p->nwg;
}

/* ---- tables ---- */

static const struct mxb_tensor tensors[] = {     /* T_TMP, T_OUT */
    { .name = "tmp", .role = MXB_IN,  .dtype = MXB_T, .shape = "nrows * nwg * (BD + 2)" },
    { .name = "out", .role = MXB_OUT, .dtype = MXB_T, .shape = "nrows,BD" },
};
static const struct mxb_entry entries[] = {
    { "flash_attn_vec_reduce_dk128", { MXB_F32 }, "BD=128" },         /* not in the source */
    { "flash_attn_vec_reduce_dk256", { MXB_F32 }, "BD=256" },
    { "flash_attn_vec_reduce_dk512", { MXB_F32 }, "BD=512" },
};
static const struct mxb_tile tiles[] = {
    { "WG", 1000, "BD / 4", "32 64 128", "work items per row" },
};
static const struct mxb_limit limits[] = { { "WG >= 32", "WG must be at least the 32 groups that a row may have" } };
static const struct mxb_kernel gpu_kernel[] = {
    { .entry = "flash_attn_vec_reduce", .source = "flash_attn_vec_reduce", .grid = { "nrows" }, .local = { "WG" },
      .local_bytes = "256" },
};
#define CPU_KERNEL(name) { .entry = #name, .source = #name, .grid = { "nrows" }, .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(flash_attn_vec_reduce_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(flash_attn_vec_reduce_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(flash_attn_vec_reduce_cpu_avx512) };
#define CPU_IMPL(n, text, feature, k) \
    { .lang = "c", .name = n, .about = text ", one row per task", .needs = feature, .kernel = k, .nkernel = 1 }
static const struct mxb_impl impls[] = {
    CPU_IMPL("avx512", "AVX-512", MXB_FEAT_AVX512, cpu_avx512_kernel),
    CPU_IMPL("avx2", "AVX2 and FMA", MXB_FEAT_AVX2, cpu_avx2_kernel),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel),
    { .lang = "cl comp", .name = "row", .about = "one workgroup per row", .tile = tiles, .ntile = MXB_COUNT(tiles),
      .limit = limits, .nlimit = MXB_COUNT(limits), .kernel = gpu_kernel, .nkernel = 1 },
};

const struct mxb_op mxb_op_flash_attn_vec_reduce = {
    .abi = MXB_OP_ABI, .name = "flash_attn_vec_reduce", .family = "attention",
    .about = "merges the partial results of split-K decode attention",
    .source_ref = "mlx-native, flash_attn_vec.metal",
    .param = flash_attn_vec_reduce_param, .nparam = MXB_COUNT(flash_attn_vec_reduce_param),
    .param_bytes = sizeof(struct flash_attn_vec_reduce_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT | 1u << MXB_FILL_NEEDLE | 1u << MXB_FILL_LARGE |
             1u << MXB_FILL_PROBE,
    .def_version = 1,
    /* No validate: ranges say everything, and within them tmp has less than 2^31 elements. */
    .generate = generate, .reference = reference, .items = "nrows", .flops = flops,
};
