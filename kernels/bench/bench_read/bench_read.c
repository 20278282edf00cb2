/* bench_read: y[r] = exclusive or of the words of row r: reads much and writes nearly nothing, as matrix-vector products do,
 * and so measures what memory can deliver where no store stands in the way.  Any order gives the same bits. */
#define MXB_PARAMS_TABLE struct bench_read_params
#include "kernels/bench/bench_read/bench_read.h"
#include "kernels/common/bench_words.h"
#include <stdio.h>

enum { STREAM_X = 0xbd0001 };                    /* of mxb_rand_*() */

static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct bench_read_params *p = pr->params;
    if ((uint64_t)p->rows * p->n <= UINT32_MAX) return 0;
    snprintf(why, whylen, "Invalid argument: rows * n is %llu, 32-bit offsets need less than 2^32",
             (unsigned long long)p->rows * p->n);
    return MXB_EINVAL;
}

static bool generate(const struct mxb_gen_ctx *g, uint32_t t, void *out)
{
    bench_words(g->pr->seed, STREAM_X, out, g->pr->nelem[t]);
    return true;
}

static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct bench_read_params *p = pr->params;
    for (int64_t r = r0; r < r1; r++) {
        uint32_t y = 0;
        for (int64_t i = 0; i < 4 * (int64_t)p->n; i++) y ^= (uint32_t)t[T_X].v[r * 4 * p->n + i];
        t[T_Y].v[r] = y;
    }
}

static double flops(const struct mxb_problem *pr)
{
    (void)pr;
    return 0;
}

static const struct mxb_tensor tensors[] = {
    { .name = "x", .role = MXB_IN,  .dtype = MXB_T, .shape = "rows,n,4", .gen = MXB_GEN_NORMAL },
    { .name = "y", .role = MXB_OUT, .dtype = MXB_T, .shape = "rows", .tol = MXB_TOL_EXACT },
};
static const struct mxb_entry entries[] = {
    { "bench_read_u32", { MXB_U32 }, NULL },
};

static const struct mxb_tile tiles[] = {
    { "WG", 1000, "256", "64 128 256 512", "work items per row" },
};
static const struct mxb_limit limits[] = {
    { "WG > 0 && WG == np2(WG)", "the tree reduction needs WG to be a power of two" },
};
/* Two grid axes: Vulkan guarantees no more than 65535 workgroups on one. */
static const struct mxb_kernel row_kernel[] = {
    { .entry = "bench_read", .source = "bench_read", .grid = { "min(rows, 65535)", "cdiv(rows, 65535)" },
      .local = { "WG" }, .local_bytes = "4 * WG" },
};
#define CPU_KERNEL(name) { .entry = #name, .source = #name, .grid = { "rows" }, .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(bench_read_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(bench_read_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(bench_read_cpu_avx512) };

static const struct mxb_impl impls[] = {
    { .lang = "c", .name = "avx512", .about = "AVX-512, one row per task", .needs = MXB_FEAT_AVX512,
      .kernel = cpu_avx512_kernel, .nkernel = 1 },
    { .lang = "c", .name = "avx2", .about = "AVX2, one row per task", .needs = MXB_FEAT_AVX2,
      .kernel = cpu_avx2_kernel, .nkernel = 1 },
    { .lang = "c", .name = "base", .about = "vectors of the baseline instruction set, one row per task",
      .kernel = cpu_kernel, .nkernel = 1 },
    { .lang = "cl comp", .name = "row", .about = "one workgroup per row, loads of 16 bytes", .tile = tiles,
      .ntile = MXB_COUNT(tiles), .limit = limits, .nlimit = MXB_COUNT(limits), .kernel = row_kernel, .nkernel = 1 },
};

const struct mxb_op mxb_op_bench_read = {
    .abi = MXB_OP_ABI, .name = "bench_read", .family = "bench",
    .about = "reads words into one per row: the read bandwidth of the roofline",
    .source_ref = "STREAM, without the store",
    .param = bench_read_param, .nparam = MXB_COUNT(bench_read_param), .param_bytes = sizeof(struct bench_read_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL,
    .def_version = 1,
    .validate = validate, .generate = generate, .reference = reference, .items = "rows", .flops = flops,
};
