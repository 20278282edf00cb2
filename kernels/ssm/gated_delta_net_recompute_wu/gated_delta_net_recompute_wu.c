/* gated_delta_net_recompute_wu: per chunk of 64 tokens and head of v, with kh = h / (v_heads / k_heads),
 *     u[i,x] = bf(sum_t A[i,t] * bf(v[t,x] * beta[t]))        w[i,x] = bf(sum_t A[i,t] * bf(k[t,kh,x] * beta[t] * exp(g[t])))
 * All 64 t are summed; A is f32 and not rounded.  Source: mlx-native, gated_delta_net_recompute_wu.metal and .rs. */
#define MXB_PARAMS_TABLE struct gated_delta_net_recompute_wu_params
#include "kernels/ssm/gated_delta_net_recompute_wu/gated_delta_net_recompute_wu.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { MAX_K = 192, MAX_V = 256, LOCAL_KIB = 32 };

/* In the order of the dispatcher upstream; sizes of zero fail the ranges of the parameter table before. */
static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct gated_delta_net_recompute_wu_params *p = pr->params;
    const double rows = (double)p->batch * p->seq_len * p->v_heads;
    if (p->v_heads % p->k_heads)
        snprintf(why, whylen, "Invalid argument: v_heads (%" PRIu32 ") must be a multiple of k_heads (%" PRIu32 ")",
                 p->v_heads, p->k_heads);
    else if (p->k_dim > MAX_K)
        snprintf(why, whylen, "Invalid argument: K = %" PRIu32 " exceeds MAX_K = %d, which keeps the tiles within %d KB of "
                 "threadgroup memory", p->k_dim, MAX_K, LOCAL_KIB);
    else if (p->v_dim > MAX_V)
        snprintf(why, whylen, "Invalid argument: V = %" PRIu32 " exceeds MAX_V = %d", p->v_dim, MAX_V);
    else if (p->chunk != CHUNK)
        snprintf(why, whylen, "Invalid argument: chunk (%" PRIu32 ") must be %d", p->chunk, CHUNK);
    else if (p->seq_len % CHUNK)
        snprintf(why, whylen, "Invalid argument: seq_len (%" PRIu32 ") must be a multiple of chunk (%d)", p->seq_len, CHUNK);
    else if (p->k_dim % 64)
        snprintf(why, whylen, "Invalid argument: k_dim (%" PRIu32 ") must be a multiple of 64", p->k_dim);
    else if (p->v_dim % 64)
        snprintf(why, whylen, "Invalid argument: v_dim (%" PRIu32 ") must be a multiple of 64", p->v_dim);
    else if (rows * MAX_V > 0x1p32)              /* kernels index elements with uint32 */
        snprintf(why, whylen, "Invalid argument: batch * seq_len * v_heads is %.0f, 32-bit element offsets allow %.0f", rows,
                 0x1p32 / MAX_V);
    else
        return 0;
    return MXB_EINVAL;
}

/* ---- inputs ---- */

enum { STREAM_EXTRA = 0x67640001 };              /* of mxb_rand_*; the tensors' own streams are their positions */

static uint32_t word(const struct mxb_problem *pr, uint32_t stream, uint64_t i)
{
    return mxb_rand_u32(pr->seed, stream, i);
}

/* EXACT: every rounding that decides a bit is of a known number.  v * beta may be a tie: a single product, the same
 * everywhere.  k * beta has 10 or 11 bits of which the last is set, so it is never a tie of the rounding to 8, and the
 * error of exp at a multiple of ln 2 cannot change what it is rounded to. */
static double exact_value(const struct mxb_problem *pr, uint32_t t, uint64_t i)
{
    const uint32_t r = word(pr, t, i);
    const double sign = r & 1 ? -1 : 1;
    switch (t) {
    case T_K:    return sign * (65 + 2 * (r / 2 % 32));                     /* odd, 65 .. 127 */
    case T_BETA: return (9 + 2 * (r % 4)) / 8.0;                            /* 9, 11, 13, 15 eighths */
    case T_V:    return sign * (r / 2 % 256);
    default:     return (int)(r % 9) - 4;                                   /* A: upper triangle too */
    }
}

/* Log-decay per token, of which g is the running sum in a chunk. */
static double log_decay(const struct mxb_problem *pr, uint64_t i)
{
    switch (pr->fill) {
    case MXB_FILL_EXACT: return word(pr, STREAM_EXTRA, i) % 24 == 0 ? -1 : 0;           /* in units of ln 2 */
    case MXB_FILL_LARGE: return -0.7 * mxb_rand_uniform(pr->seed, T_G, i);              /* to e^-22 in a chunk */
    default:             return -0.1 * mxb_rand_uniform(pr->seed, T_G, i);
    }
}

static void generate_g(const struct mxb_problem *pr, void *out)
{
    const struct gated_delta_net_recompute_wu_params *p = pr->params;
    const uint64_t n = (uint64_t)p->batch * p->seq_len * p->v_heads, chunk = (uint64_t)CHUNK * p->v_heads;
    for (uint64_t i = 0; i < n; i++) {
        const bool first = i % chunk < p->v_heads;
        const double unit = pr->fill == MXB_FILL_EXACT ? 0.693147180559945309 : 1;
        const double before = first ? 0 : mxb_load(MXB_F32, out, i - p->v_heads) / unit;
        /* At most 2^-3: the sums of w keep within 24 bits. */
        const double sum = pr->fill == MXB_FILL_EXACT ? fmax(round(before) + log_decay(pr, i), -3) : before + log_decay(pr, i);
        mxb_store(MXB_F32, out, i, sum * unit);
    }
}

/* The inverse of a unit lower triangle; LARGE: with cells of +-1000 in a thirtieth of it, which mostly cancel out. */
static double inverse_cell(const struct mxb_problem *pr, uint64_t i)
{
    const struct gated_delta_net_recompute_wu_params *p = pr->params;
    const uint64_t row = i / CHUNK / p->v_heads % CHUNK, column = i % CHUNK;
    if (column >= row) return column == row;
    const bool big = pr->fill == MXB_FILL_LARGE && word(pr, STREAM_EXTRA, i) % 30 == 0;
    return big ? 1000 : 0.1 * mxb_rand_normal(pr->seed, T_A, i);
}

static bool generate(const struct mxb_gen_ctx *c, uint32_t t, void *out)
{
    const struct mxb_problem *pr = c->pr;
    const bool exact = pr->fill == MXB_FILL_EXACT, own_a = t == T_A && pr->fill != MXB_FILL_PROBE;
    if (t == T_G) {
        generate_g(pr, out);
        return true;
    }
    if (!exact && !own_a) return false;
    for (uint64_t i = 0; i < pr->nelem[t]; i++)
        mxb_store(pr->dtype[t], out, i, exact ? exact_value(pr, t, i) : inverse_cell(pr, i));
    return true;
}

/* ---- oracle ---- */

struct factor { double v, step; };               /* an element of the right operand; by how much devices may differ */

/* bf(x * beta * e^g).  x * beta is rounded to f32 alike everywhere.  exp may be off by 3 + 2|g| ulp (Vulkan; OpenCL: 3)
 * and the product by half: where that range straddles a boundary between two bf16 numbers, either is right. */
static struct factor key_factor(double x, double beta, double g)
{
    const double y = mxb_round(MXB_F32, x * beta) * exp(g), slack = (2 * (3 + 2 * fabs(g)) + 1) * 0x1p-24;
    const double lo = mxb_round(MXB_BF16, y * (1 - slack)), hi = mxb_round(MXB_BF16, y * (1 + slack));
    return (struct factor){ mxb_round(MXB_BF16, y), lo == hi ? 0 : fabs(hi - lo) };
}

/* Column x of one head in one chunk: 64 results, `stride` elements apart from element `at` on.  p: root sum of squares
 * of the partial sums; x: a step of each factor that may be rounded either way, times its weight. */
static void column(const double *a, uint64_t a_stride, const struct factor *f, const struct mxb_ref *out, uint64_t at,
                   uint64_t stride)
{
    for (uint32_t i = 0; i < CHUNK; i++, at += stride) {
        double sum = 0, partials2 = 0, steps2 = 0;
        for (uint32_t t = 0; t < CHUNK; t++) {
            const double weight = a[i * a_stride + t];
            sum += weight * f[t].v;
            partials2 += sum * sum;
            steps2 += weight * weight * f[t].step * f[t].step;
        }
        out->v[at] = sum;
        if (out->p && isfinite(sum)) {
            out->p[at] = sqrt(partials2);
            out->x[at] = sqrt(steps2);
        }
    }
}

/* Item r: chunk r of the sequences laid end to end, all heads. */
static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct gated_delta_net_recompute_wu_params *p = pr->params;
    const uint64_t hv = p->v_heads, hk = p->k_heads;
    struct factor f[CHUNK];
    for (uint64_t r = (uint64_t)r0; r < (uint64_t)r1; r++)
        for (uint64_t h = 0; h < hv; h++) {
            const uint64_t row = r * CHUNK * hv + h, key = r * CHUNK * hk + h / (hv / hk);
            const double *a = t[T_A].v + row * CHUNK, *beta = t[T_BETA].v + row, *g = t[T_G].v + row;
            for (uint64_t x = 0; x < p->v_dim; x++) {
                for (uint64_t i = 0; i < CHUNK; i++) {
                    const double product = t[T_V].v[(row + i * hv) * p->v_dim + x] * beta[i * hv];
                    f[i] = (struct factor){ mxb_round(MXB_BF16, mxb_round(MXB_F32, product)), 0 };
                }
                column(a, hv * CHUNK, f, &t[T_U], row * p->v_dim + x, hv * p->v_dim);
            }
            for (uint64_t x = 0; x < p->k_dim; x++) {
                for (uint64_t i = 0; i < CHUNK; i++)
                    f[i] = key_factor(t[T_K].v[(key + i * hk) * p->k_dim + x], beta[i * hv], g[i * hv]);
                column(a, hv * CHUNK, f, &t[T_W], row * p->k_dim + x, hv * p->k_dim);
            }
        }
}

/* The products with A over all 64 columns, and the scaling; exp is not counted. */
static double flops(const struct mxb_problem *pr)
{
    const struct gated_delta_net_recompute_wu_params *p = pr->params;
    const double rows = (double)p->batch * p->seq_len * p->v_heads;
    return rows * (2.0 * CHUNK * (p->k_dim + p->v_dim) + 2.0 * p->k_dim + p->v_dim);
}

/* ---- tables ---- */

static const struct mxb_tensor tensors[] = {     /* T_K, T_V, ... */
    { .name = "k", .role = MXB_IN, .dtype = MXB_T, .shape = "batch,seq_len,k_heads,k_dim", .gen = MXB_GEN_NORMAL },
    { .name = "v", .role = MXB_IN, .dtype = MXB_T, .shape = "batch,seq_len,v_heads,v_dim", .gen = MXB_GEN_NORMAL },
    { .name = "beta", .role = MXB_IN, .dtype = MXB_F32, .shape = "batch,seq_len,v_heads", .gen = MXB_GEN_POSITIVE },
    { .name = "g", .role = MXB_IN, .dtype = MXB_F32, .shape = "batch,seq_len,v_heads" },
    { .name = "A", .role = MXB_IN, .dtype = MXB_F32, .shape = "batch,seq_len,v_heads,chunk", .gen = MXB_GEN_NORMAL },
    { .name = "w", .role = MXB_OUT, .dtype = MXB_T, .shape = "batch,seq_len,v_heads,k_dim" },
    { .name = "u", .role = MXB_OUT, .dtype = MXB_T, .shape = "batch,seq_len,v_heads,v_dim" },
};
static const struct mxb_entry entries[] = {
    { "gated_delta_net_recompute_wu_bf16", { MXB_BF16 }, NULL },
};

static const struct mxb_tile tiles[] = {
    { "BX", 1000, "local_bytes >= 49152 ? 64 : 32", "16 32 64", "columns per strip" },
    { "WG", 1001, "BX * 4", "64 128 256", "work items per workgroup" },
    { "SPLIT", 1002, "1", "1 2 4", "workgroups per chunk and head" },
};
static const struct mxb_limit limits[] = {
    { "BX >= 4 && 64 % BX == 0", "BX must be 4, 8, 16, 32 or 64" },
    { "WG % (BX / 4) == 0 && WG <= BX * 4 && 64 * BX / 4 % WG == 0", "WG must divide BX * 4 into groups of BX / 4" },
    { "WG <= max_wg", "WG exceeds the device's workgroup size" },
    { "SPLIT >= 1 && SPLIT <= 16", "SPLIT must be in 1..16" },
};
/* A transposed with 17 float4 per row, the right operand, beta and exp(g). */
static const struct mxb_kernel gpu_kernel[] = {
    { .entry = "gated_delta_net_recompute_wu", .source = "gated_delta_net_recompute_wu",
      .grid = { "seq_len / chunk * SPLIT", "v_heads", "batch" }, .local = { "WG" },
      .local_bytes = "64 * 17 * 16 + 64 * BX * 4 + 512" },
};
#define CPU_KERNEL(name)                                                                                             \
    { .entry = #name, .source = #name, .grid = { "seq_len / chunk", "v_heads", "batch" },                            \
      .scratch_bytes = "chunk * max(k_dim, v_dim) * 4", .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(gated_delta_net_recompute_wu_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(gated_delta_net_recompute_wu_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(gated_delta_net_recompute_wu_cpu_avx512) };

#define CPU_IMPL(n, text, feature, k) \
    { .lang = "c", .name = n, .about = text, .needs = feature, .kernel = k, .nkernel = 1 }
static const struct mxb_impl impls[] = {
    CPU_IMPL("avx512", "8 rows x 32 columns in registers", MXB_FEAT_AVX512, cpu_avx512_kernel),
    CPU_IMPL("avx2", "4 rows x 16 columns in registers", MXB_FEAT_AVX2, cpu_avx2_kernel),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel),
    { .lang = "cl comp", .name = "tiled", .about = "A and a strip of the right operand in local memory",
      .needs = MXB_FEAT_F16_STORAGE, .tile = tiles, .ntile = MXB_COUNT(tiles), .limit = limits,
      .nlimit = MXB_COUNT(limits), .kernel = gpu_kernel, .nkernel = 1 },
};

const struct mxb_op mxb_op_gated_delta_net_recompute_wu = {
    .abi = MXB_OP_ABI, .name = "gated_delta_net_recompute_wu", .family = "ssm",
    .about = "w and u of the chunked gated delta rule",
    .source_ref = "mlx-native, gated_delta_net_recompute_wu.metal",
    .param = gated_delta_net_recompute_wu_param, .nparam = MXB_COUNT(gated_delta_net_recompute_wu_param),
    .param_bytes = sizeof(struct gated_delta_net_recompute_wu_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT | 1u << MXB_FILL_LARGE | 1u << MXB_FILL_PROBE,
    .def_version = 1,
    .validate = validate, .generate = generate, .reference = reference, .items = "batch * (seq_len / chunk)",
    .flops = flops,
};
