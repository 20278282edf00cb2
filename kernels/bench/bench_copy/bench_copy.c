/* bench_copy: y[i] = x[i], the plain copy of words that measures what a device's memory can carry.
 * Source: the copy of the STREAM benchmark (McCalpin 1995), with loads and stores of 16 bytes. */
#define MXB_PARAMS_TABLE struct bench_copy_params
#include "kernels/bench/bench_copy/bench_copy.h"
#include "kernels/common/bench_words.h"

enum { STREAM_X = 0xbc0001 };                    /* of mxb_rand_*() */

static bool generate(const struct mxb_gen_ctx *g, uint32_t t, void *out)
{
    bench_words(g->pr->seed, STREAM_X, out, g->pr->nelem[t]);
    return true;
}

static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    (void)pr;
    for (int64_t i = 4 * r0; i < 4 * r1; i++) t[T_Y].v[i] = t[T_X].v[i];
}

static double flops(const struct mxb_problem *pr)
{
    (void)pr;
    return 0;
}

static const struct mxb_tensor tensors[] = {
    { .name = "x", .role = MXB_IN,  .dtype = MXB_T, .shape = "n,4", .gen = MXB_GEN_NORMAL },
    { .name = "y", .role = MXB_OUT, .dtype = MXB_T, .shape = "n,4", .tol = MXB_TOL_EXACT },
};
static const struct mxb_entry entries[] = {
    { "bench_copy_u32", { MXB_U32 }, NULL },
};

static const struct mxb_tile cpu_tiles[] = {
    { "CHUNK", 1000, "4096", "1024 4096 16384", "groups per task" },
};
static const struct mxb_limit cpu_limits[] = { { "CHUNK > 0", "CHUNK must be positive" } };
static const struct mxb_kernel cpu_kernel[] = {
    { .entry = "bench_copy_cpu", .source = "bench_copy_cpu", .grid = { "cdiv(n, CHUNK)" }, .cpu = bench_copy_cpu },
};
static const struct mxb_kernel cpu_stream_kernel[] = {
    { .entry = "bench_copy_cpu_stream", .source = "bench_copy_cpu", .grid = { "cdiv(n, CHUNK)" },
      .cpu = bench_copy_cpu_stream },
};

static const struct mxb_tile tiles[] = {
    { "WG",     1000, "256",  "128 256 512", "work items per workgroup" },
    { "GROUPS", 1001, "65535", "1024 4096 65535", "workgroups at most; each strides over the rest" },
};
static const struct mxb_limit limits[] = {
    { "WG > 0", "WG must be positive" },
    { "GROUPS > 0 && GROUPS <= 65535", "GROUPS must be in 1 .. 65535, what Vulkan guarantees on one axis" },
};
static const struct mxb_kernel stride_kernel[] = {
    { .entry = "bench_copy", .source = "bench_copy", .grid = { "min(GROUPS, cdiv(n, WG))" }, .local = { "WG" } },
};

#define CPU_IMPL(n, text, k)                                                                                         \
    { .lang = "c", .name = n, .about = text, .tile = cpu_tiles, .ntile = MXB_COUNT(cpu_tiles), .limit = cpu_limits,  \
      .nlimit = MXB_COUNT(cpu_limits), .kernel = k, .nkernel = 1 }
static const struct mxb_impl impls[] = {
    CPU_IMPL("cached", "memcpy() in pieces: stores go through the caches", cpu_kernel),
    CPU_IMPL("stream", "non-temporal stores: what is overwritten is not read before", cpu_stream_kernel),
    { .lang = "cl comp", .name = "stride", .about = "loads and stores of 16 bytes, neighbours in one workgroup",
      .tile = tiles, .ntile = MXB_COUNT(tiles), .limit = limits, .nlimit = MXB_COUNT(limits),
      .kernel = stride_kernel, .nkernel = 1 },
};

const struct mxb_op mxb_op_bench_copy = {
    .abi = MXB_OP_ABI, .name = "bench_copy", .family = "bench",
    .about = "copies words: the memory bandwidth of the roofline",
    .source_ref = "STREAM copy",
    .param = bench_copy_param, .nparam = MXB_COUNT(bench_copy_param), .param_bytes = sizeof(struct bench_copy_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL,
    .def_version = 1,
    .generate = generate, .reference = reference, .items = "n", .flops = flops,
};
