/* bench_fma: y[i] = f(f(...f(x[i]))) with f(a) = a m + c, 8 rounds times: chains of multiply-adds that measure what a
 * device's arithmetic units can do.  m and c come from memory, so that no compiler can shorten the chain.
 * Source: the method of clpeak and of Williams et al. 2009 (roofline), with chains enough to hide every latency. */
#define MXB_PARAMS_TABLE struct bench_fma_params
#include "kernels/bench/bench_fma/bench_fma.h"
#include <math.h>
#include <stdio.h>

enum { STREAM_X = 0xbf0001, EXACT_F16 = 1024 };  /* of mxb_rand_*(); integers up to 2048 are exact in f16 */

/* In the exact fill a chain counts its steps, so all sums must be integers that the type holds. */
static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct bench_fma_params *p = pr->params;
    if (pr->dtype[T_X] != MXB_F16 || p->rounds * STEPS <= EXACT_F16) return 0;
    snprintf(why, whylen, "Invalid argument: rounds is %u, chains in f16 may have %d", p->rounds, EXACT_F16 / STEPS);
    return MXB_EINVAL;
}

/* EXACT: m = c = 1 counts the steps on from an integer.  NORMAL: m = -1 keeps magnitudes, so that a chain of any length
 * neither fades nor grows, and c is 1. */
static bool generate(const struct mxb_gen_ctx *g, uint32_t t, void *out)
{
    const struct mxb_problem *pr = g->pr;
    const bool exact = pr->fill == MXB_FILL_EXACT;
    if (t == T_K) {
        mxb_store(pr->dtype[T_K], out, 0, exact ? 1 : -1);
        mxb_store(pr->dtype[T_K], out, 1, 1);
        return true;
    }
    for (uint64_t i = 0; i < pr->nelem[T_X]; i++)
        mxb_store(pr->dtype[T_X], out, i, exact ? (double)(mxb_rand_u32(pr->seed, STREAM_X, i) % 2048) - EXACT_F16
                                                : mxb_rand_normal(pr->seed, STREAM_X, i));
    return true;
}

/* Each step rounds once, or twice where product and sum are not fused; later steps multiply that error by m. */
static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct bench_fma_params *p = pr->params;
    const double m = t[T_K].v[0], c = t[T_K].v[1];
    for (int64_t i = r0 * BLOCK; i < r1 * BLOCK; i++) {
        double a = t[T_X].v[i], p2 = 0;
        for (uint32_t k = 0; k < p->rounds * STEPS; k++) {
            const double product = a * m;
            a = product + c;
            p2 = p2 * m * m + product * product + a * a;
        }
        t[T_Y].v[i] = a;
        t[T_Y].p[i] = sqrt(p2);
    }
}

static double flops(const struct mxb_problem *pr)
{
    const struct bench_fma_params *p = pr->params;
    return 2.0 * STEPS * BLOCK * p->rounds * p->blocks;
}

static const struct mxb_tensor tensors[] = {
    { .name = "x", .role = MXB_IN,  .dtype = MXB_T, .shape = "blocks,192", .gen = MXB_GEN_NORMAL },
    { .name = "k", .role = MXB_IN,  .dtype = MXB_T, .shape = "2", .gen = MXB_GEN_NORMAL },
    { .name = "y", .role = MXB_OUT, .dtype = MXB_T, .shape = "blocks,192", .tol = MXB_TOL_SIGMA },
};
static const struct mxb_entry entries[] = {
    { "bench_fma_f32", { MXB_F32 }, NULL },
    { "bench_fma_f16", { MXB_F16 }, NULL },
};

static const struct mxb_tile tiles[] = {
    { "WG", 1000, "128", "64 128 256", "work items per workgroup, each with 16 chains" },
};
static const struct mxb_limit limits[] = { { "WG > 0", "WG must be positive" } };
/* Two grid axes: Vulkan guarantees no more than 65535 workgroups on one. */
static const struct mxb_kernel chain_kernel[] = {
    { .entry = "bench_fma", .source = "bench_fma",
      .grid = { "min(cdiv(blocks * 12, WG), 65535)", "cdiv(cdiv(blocks * 12, WG), 65535)" }, .local = { "WG" } },
};
static const struct mxb_kernel cpu_kernel[] = {
    { .entry = "bench_fma_cpu", .source = "bench_fma_cpu", .grid = { "blocks" }, .cpu = bench_fma_cpu },
};
static const struct mxb_kernel cpu_avx2_kernel[] = {
    { .entry = "bench_fma_cpu_avx2", .source = "bench_fma_cpu_avx2", .grid = { "blocks" }, .cpu = bench_fma_cpu_avx2 },
};
static const struct mxb_kernel cpu_avx512_kernel[] = {
    { .entry = "bench_fma_cpu_avx512", .source = "bench_fma_cpu_avx512", .grid = { "blocks" },
      .cpu = bench_fma_cpu_avx512 },
};
static const struct mxb_kernel cpu_fp16_kernel[] = {
    { .entry = "bench_fma_cpu_fp16", .source = "bench_fma_cpu_fp16", .grid = { "blocks" }, .cpu = bench_fma_cpu_fp16 },
};

#define CPU_IMPL(n, text, feature, k)                                                                                \
    { .lang = "c", .name = n, .about = text ", 12 chains of vectors", .needs = feature, .entries = "bench_fma_f32",  \
      .kernel = k, .nkernel = 1 }
#define GPU_IMPL(text, feature, names, type)                                                                         \
    { .lang = "cl comp", .name = "chains", .about = "16 chains per work item, " text, .needs = feature,              \
      .entries = names, .tile = tiles, .ntile = MXB_COUNT(tiles), .limit = limits, .nlimit = MXB_COUNT(limits),      \
      .kernel = chain_kernel, .nkernel = 1, .acc = type }
static const struct mxb_impl impls[] = {
    CPU_IMPL("avx512", "AVX-512", MXB_FEAT_AVX512, cpu_avx512_kernel),
    CPU_IMPL("avx2", "AVX2 and FMA", MXB_FEAT_AVX2, cpu_avx2_kernel),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel),
    { .lang = "c", .name = "fp16", .about = "AVX-512 FP16, 6 chains of vectors", .needs = MXB_FEAT_AVX512_FP16,
      .entries = "bench_fma_f16", .kernel = cpu_fp16_kernel, .nkernel = 1, .acc = MXB_F16 },
    GPU_IMPL("f32", 0, "bench_fma_f32", MXB_F32),
    GPU_IMPL("f16 arithmetic", MXB_FEAT_F16_STORAGE | MXB_FEAT_F16_ARITH, "bench_fma_f16", MXB_F16),
};

const struct mxb_op mxb_op_bench_fma = {
    .abi = MXB_OP_ABI, .name = "bench_fma", .family = "bench",
    .about = "chains of multiply-adds: the peak arithmetic of the roofline",
    .source_ref = "method of clpeak",
    .param = bench_fma_param, .nparam = MXB_COUNT(bench_fma_param), .param_bytes = sizeof(struct bench_fma_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT,
    .def_version = 1,
    .validate = validate, .generate = generate, .reference = reference, .items = "blocks", .flops = flops,
};
