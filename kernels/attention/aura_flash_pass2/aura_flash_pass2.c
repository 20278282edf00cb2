/* aura_flash_pass2: merges the partial results of aura_flash_p1 over blocks b, skipping blocks with l_b = 0:
 *     M = max m_b      output = (sum exp(m_b - M) o_b) * (L > 0 ? 1 / L : 0),  L = sum exp(m_b - M) l_b
 * A head without any block gives 0.  Source: metaltile, aura_flash_pass2.rs. */
#define MXB_PARAMS_TABLE struct aura_flash_pass2_params
#include "kernels/attention/aura_flash_pass2/aura_flash_pass2.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "kernels/common/aura_host.h"

enum { HEAD_DIM_MAX = 512 };

static uint32_t head_dim(const struct mxb_problem *pr)
{
    uint32_t d = 0;
    const int found = sscanf(pr->entry->consts, "HD=%" SCNu32, &d);
    assert(found == 1 && d <= HEAD_DIM_MAX);
    (void)found;
    return d;
}

static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct aura_flash_pass2_params *p = pr->params;
    const double n = (double)p->n_heads * p->num_blocks * head_dim(pr);
    if (n <= 0x1p32) return 0;                   /* kernels index elements with uint32 */
    snprintf(why, whylen, "Invalid argument: o_partials would have %.0f elements, at most 2^32 can be addressed", n);
    return MXB_EINVAL;
}

/* ---- inputs ---- */

enum { STREAM_STATE = 0x61710001 };              /* of mxb_rand_* */
enum state { REGULAR, EMPTY, OUTWEIGHED };       /* of a block; EXACT alone outweighs blocks: their weight is 0 */
enum { COUNTED_MAX = 128 };                      /* regular blocks of a head of the exact fill: their sum is a bf16 number */

/* Every fifth block is empty, and so are all of head 1 where there are more than two heads. */
static enum state state_of(const struct mxb_problem *pr, uint32_t h, uint32_t b)
{
    const struct aura_flash_pass2_params *p = pr->params;
    const uint32_t r = mxb_rand_u32(pr->seed, STREAM_STATE, (uint64_t)h * p->num_blocks + b);
    if (r % 5 == 0 || (h == 1 && p->n_heads > 2)) return EMPTY;
    return pr->fill == MXB_FILL_EXACT && (r / 8 % 3 == 0 || b >= COUNTED_MAX) ? OUTWEIGHED : REGULAR;
}

/* EXACT: 1, and in the head's last regular block what makes the sum a power of two. */
static double exact_l(const struct mxb_problem *pr, uint32_t h, uint32_t b)
{
    const struct aura_flash_pass2_params *p = pr->params;
    uint32_t regular = 0, last = 0, sum = 1;
    for (uint32_t i = 0; i < p->num_blocks && i < COUNTED_MAX; i++)
        if (state_of(pr, h, i) == REGULAR) {
            regular++;
            last = i;
        }
    while (sum < regular)
        sum *= 2;
    return b == last && regular > 0 ? sum - regular + 1 : 1;
}

/* Of empty blocks: what the first pass writes, and in fills other than normal something loud, as they must not be read. */
static double empty_value(const struct mxb_problem *pr, uint32_t t)
{
    if (t == T_L) return 0;
    if (pr->fill == MXB_FILL_PROBE) return NAN;
    if (pr->fill == MXB_FILL_NORMAL) return t == T_M ? -INFINITY : 0;
    return t == T_M ? 512 : 1000;
}

/* LARGE: rising or falling by 120 over the blocks around 100, or by turns of blocks around 50 and -50: exp overflows
 * unless the true maximum is subtracted. */
static double maximum(const struct mxb_problem *pr, uint32_t h, uint32_t b)
{
    const struct aura_flash_pass2_params *p = pr->params;
    const uint64_t at = (uint64_t)h * p->num_blocks + b;
    const double ramp = 60 * (2.0 * b / p->num_blocks - 1), offset = h / 2 % 2 == 0 ? 100 : b % 2 ? 50 : -50;
    switch (pr->fill) {
    case MXB_FILL_EXACT: return state_of(pr, h, b) == OUTWEIGHED ? -256 * (double)(1 + b % 3) : 0;
    case MXB_FILL_LARGE: return offset + (h % 2 ? ramp : -ramp) + mxb_rand_normal(pr->seed, T_M, at);
    default:             return 2 * mxb_rand_normal(pr->seed, T_M, at);
    }
}

static double sum_of_block(const struct mxb_problem *pr, uint32_t h, uint32_t b)
{
    const struct aura_flash_pass2_params *p = pr->params;
    if (pr->fill == MXB_FILL_EXACT) return exact_l(pr, h, b);
    return 1 + 31 * mxb_rand_uniform(pr->seed, T_L, (uint64_t)h * p->num_blocks + b);
}

static double output(const struct mxb_problem *pr, uint64_t at)
{
    const uint32_t r = mxb_rand_u32(pr->seed, T_O, at);
    if (pr->fill == MXB_FILL_EXACT) return (int)(r % 511) - 255;
    if (pr->fill == MXB_FILL_PROBE && r % 64 == 0) return r / 64 % 3 ? (r >> 31 ? INFINITY : -INFINITY) : NAN;
    return 10 * mxb_rand_normal(pr->seed, T_O, at);
}

static bool generate(const struct mxb_gen_ctx *c, uint32_t t, void *out)
{
    const struct mxb_problem *pr = c->pr;
    const struct aura_flash_pass2_params *p = pr->params;
    const uint32_t n = t == T_O ? head_dim(pr) : 1;
    for (uint32_t h = 0; h < p->n_heads; h++)
        for (uint32_t b = 0; b < p->num_blocks; b++) {
            const uint64_t at = (uint64_t)h * p->num_blocks + b;
            const bool empty = state_of(pr, h, b) == EMPTY;
            for (uint32_t d = 0; d < n; d++)
                mxb_store(pr->dtype[t], out, at * n + d,
                          empty ? empty_value(pr, t) : t == T_M ? maximum(pr, h, b)
                          : t == T_L ? sum_of_block(pr, h, b) : output(pr, at * n + d));
        }
    return true;
}

/* ---- oracle ----
 *
 * Error scales: weights w_b = exp(m_b - M) are off by independent relative errors of variance a_b: exp itself, and,
 * merged one block after another, a factor at every later new maximum.  They enter o and L alike:
 *     x^2 = sum w_b^2 (a_b (o_b - out l_b)^2 + u^2 (o_b^2 + out^2 l_b^2)) / L^2 + out^2 ((2.5 * 2u)^2 / 3 + u^2)
 * the last two for the inverse (2.5 ulp) and the product with it.  p: partial sums of o, and out times those of L, over
 * L. */

struct block { double w, a, rescale; };          /* rescale: what a new maximum at this block adds to those before it */

/* Weights of a head's n blocks, 0 for empty ones. */
static void weigh(const double *m, const double *l, uint32_t n, struct block *b)
{
    double top = -INFINITY, later = 0;
    for (uint32_t i = 0; i < n; i++) {
        b[i] = (struct block){ 0 };
        if (l[i] == 0 || top > m[i]) continue;   /* a NaN becomes the maximum, as upstream */
        b[i].rescale = top > -INFINITY ? aura_exp_variance(top - m[i]) + AURA_U * AURA_U : 0;
        top = m[i];
    }
    for (uint32_t i = n; i-- > 0; later += b[i].rescale)
        if (l[i] != 0) {
            b[i].w = exp(m[i] - top);
            b[i].a = aura_exp_variance(m[i] - top) + later;
        }
}

/* One coordinate of a head: o_b lies hd apart. */
static void merge(const double *o, const double *l, uint32_t n, uint32_t hd, const struct block *b, const struct mxb_ref *out,
                  uint64_t at)
{
    double sum = 0, total = 0, partials2 = 0, totals2 = 0, var = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (l[i] == 0) continue;
        sum += b[i].w * o[(uint64_t)i * hd];
        total += b[i].w * l[i];
        partials2 += sum * sum;
        totals2 += total * total;
    }
    const double v = total > 0 ? sum / total : sum * 0, division = 2.5 * 2 * AURA_U;
    out->v[at] = v;
    if (!out->p || !isfinite(v) || total == 0) return;
    for (uint32_t i = 0; i < n; i++) {
        if (l[i] == 0) continue;
        const double value = o[(uint64_t)i * hd], moved = value - v * l[i];
        var += b[i].w * b[i].w * (b[i].a * moved * moved + AURA_U * AURA_U * (value * value + v * v * l[i] * l[i]));
    }
    out->p[at] = sqrt(partials2 + v * v * totals2) / total;
    out->x[at] = sqrt(var / total / total + v * v * (division * division / 3 + AURA_U * AURA_U));
}

static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct aura_flash_pass2_params *p = pr->params;
    const uint32_t hd = head_dim(pr), n = p->num_blocks;
    struct block *b = malloc(n * sizeof *b);
    for (int64_t h = r0; h < r1; h++) {
        const double *l = t[T_L].v + h * n;
        if (b) weigh(t[T_M].v + h * n, l, n, b);
        for (uint32_t d = 0; d < hd; d++) {
            if (b) merge(t[T_O].v + h * n * hd + d, l, n, hd, b, &t[T_OUT], (uint64_t)h * hd + d);
            else t[T_OUT].v[h * hd + d] = NAN;   /* without memory nothing can pass */
        }
    }
    free(b);
}

/* Weight, multiply and add per coordinate and block. */
static double flops(const struct mxb_problem *pr)
{
    const struct aura_flash_pass2_params *p = pr->params;
    return 3.0 * p->n_heads * p->num_blocks * head_dim(pr);
}

/* ---- tables ---- */

static const struct mxb_tensor tensors[] = {
    { .name = "o_partials", .role = MXB_IN, .dtype = MXB_T, .shape = "n_heads,num_blocks,HD" },
    { .name = "m_partials", .role = MXB_IN, .dtype = MXB_T, .shape = "n_heads,num_blocks" },
    { .name = "l_partials", .role = MXB_IN, .dtype = MXB_T, .shape = "n_heads,num_blocks" },
    { .name = "output", .role = MXB_OUT, .dtype = MXB_T, .shape = "n_heads,HD" },
};

/* Generic over T: the plain name is f32. */
#define ENTRY(d)                                                                                                     \
    { "aura_flash_pass2_d" #d, { MXB_F32 }, "HD=" #d }, { "aura_flash_pass2_d" #d "_f16", { MXB_F16 }, "HD=" #d },   \
    { "aura_flash_pass2_d" #d "_bf16", { MXB_BF16 }, "HD=" #d }
static const struct mxb_entry entries[] = { ENTRY(64), ENTRY(80), ENTRY(96), ENTRY(128), ENTRY(256), ENTRY(512) };
#define NAMES(type)                                                                                                  \
    "aura_flash_pass2_d64" type " aura_flash_pass2_d80" type " aura_flash_pass2_d96" type                            \
    " aura_flash_pass2_d128" type " aura_flash_pass2_d256" type " aura_flash_pass2_d512" type
static const char entries_f32[] = NAMES(""), entries_16bit[] = NAMES("_f16") " " NAMES("_bf16");

static const struct mxb_tile tiles[] = {
    { "WG", 1000, "min(128, np2(HD))", "32 64 128 256", "work items per head" },
};
static const struct mxb_limit limits[] = {
    { "WG > 0 && WG == np2(WG)", "the tree reduction needs WG to be a power of two" },
    { "WG <= max_wg", "WG exceeds the device's workgroup size" },
};
static const struct mxb_kernel gpu_kernel[] = {
    { .entry = "aura_flash_pass2", .source = "aura_flash_pass2", .grid = { "n_heads" }, .local = { "WG" },
      .local_bytes = "8 * WG" },
};
#define CPU_KERNEL(name)                                                                                             \
    { .entry = #name, .source = #name, .grid = { "n_heads" }, .scratch_bytes = "4 * (HD + num_blocks) + 64", .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(aura_flash_pass2_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(aura_flash_pass2_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(aura_flash_pass2_cpu_avx512) };

#define CPU_IMPL(n, text, feature, k) \
    { .lang = "c", .name = n, .about = text, .needs = feature, .kernel = k, .nkernel = 1 }
#define GPU_IMPL(names, feature)                                                                                     \
    { .lang = "cl comp", .name = "head", .about = "one workgroup per head", .needs = feature, .entries = names,      \
      .tile = tiles, .ntile = MXB_COUNT(tiles), .limit = limits, .nlimit = MXB_COUNT(limits),                        \
      .kernel = gpu_kernel, .nkernel = 1 }
static const struct mxb_impl impls[] = {         /* GPU: two rows, as only 16-bit entries need 16-bit storage */
    CPU_IMPL("avx512", "AVX-512", MXB_FEAT_AVX512, cpu_avx512_kernel),
    CPU_IMPL("avx2", "AVX2 and FMA", MXB_FEAT_AVX2, cpu_avx2_kernel),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel),
    GPU_IMPL(entries_f32, 0),
    GPU_IMPL(entries_16bit, MXB_FEAT_F16_STORAGE),
};

const struct mxb_op mxb_op_aura_flash_pass2 = {
    .abi = MXB_OP_ABI, .name = "aura_flash_pass2", .family = "attention",
    .about = "attention over packed keys and values, second pass: merges the partial results of the blocks",
    .source_ref = "metaltile, aura_flash_pass2.rs",
    .param = aura_flash_pass2_param, .nparam = MXB_COUNT(aura_flash_pass2_param),
    .param_bytes = sizeof(struct aura_flash_pass2_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT | 1u << MXB_FILL_LARGE | 1u << MXB_FILL_PROBE,
    .def_version = 1,
    .validate = validate, .generate = generate, .reference = reference, .items = "n_heads", .flops = flops,
};
