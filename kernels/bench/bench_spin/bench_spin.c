/* bench_spin: y[i] = x[i] after `steps` steps of x = 1664525 x + 1013904223 mod 2^32 (the generator of Numerical Recipes).  No
 * kernel of the catalogue: without steps it shows what a launch costs, with many it is fixed arithmetic that tells a
 * throttled processor from a slow kernel.  Every bit of y depends on every step. */
#define MXB_PARAMS_TABLE struct bench_spin_params
#include "kernels/bench/bench_spin/bench_spin.h"

/* n steps at once: x -> a x + c, by repeated squaring. */
static void compose(uint32_t n, uint32_t *a, uint32_t *c)
{
    uint32_t step_a = 1664525, step_c = 1013904223;
    *a = 1;
    *c = 0;
    for (; n; n >>= 1) {
        if (n & 1) {
            *c = step_a * *c + step_c;
            *a *= step_a;
        }
        step_c *= step_a + 1;
        step_a *= step_a;
    }
}

static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct bench_spin_params *p = pr->params;
    uint32_t a, c;
    compose(p->steps, &a, &c);
    for (int64_t i = r0; i < r1; i++) t[T_Y].v[i] = a * (uint32_t)t[T_X].v[i] + c;
}

static bool generate(const struct mxb_gen_ctx *g, uint32_t t, void *out)
{
    const struct bench_spin_params *p = g->pr->params;
    for (uint32_t i = 0; i < p->items; i++) ((uint32_t *)out)[i] = mxb_rand_u32(g->pr->seed, 0x73706901 + t, i);
    return true;
}

/* Integer operations count as well as any. */
static double flops(const struct mxb_problem *pr)
{
    const struct bench_spin_params *p = pr->params;
    return 2.0 * p->items * p->steps;
}

static const struct mxb_tensor tensors[] = {
    { .name = "x", .role = MXB_IN,  .dtype = MXB_T, .shape = "items", .gen = MXB_GEN_NORMAL },
    { .name = "y", .role = MXB_OUT, .dtype = MXB_T, .shape = "items", .tol = MXB_TOL_EXACT },
};
static const struct mxb_entry entries[] = { { "bench_spin_u32", { MXB_U32 }, NULL } };
static const struct mxb_kernel gpu_kernel[] = {
    { .entry = "bench_spin", .source = "bench_spin", .grid = { "cdiv(items, 64)" }, .local = { "64" } },
};
static const struct mxb_kernel cpu_kernel[] = {
    { .entry = "bench_spin_cpu", .source = "bench_spin_cpu", .grid = { "cdiv(items, 64)" }, .cpu = bench_spin_cpu },
};
static const struct mxb_impl impls[] = {
    { .lang = "c", .name = "base", .about = "64 elements per task", .kernel = cpu_kernel, .nkernel = 1 },
    { .lang = "cl comp", .name = "base", .about = "one work item per element", .kernel = gpu_kernel, .nkernel = 1 },
};

const struct mxb_op mxb_op_bench_spin = {
    .abi = MXB_OP_ABI, .name = "bench_spin", .family = "bench",
    .about = "a chain of integer arithmetic: launch overhead, and a canary for throttling",
    .source_ref = "mlxbench",
    .param = bench_spin_param, .nparam = MXB_COUNT(bench_spin_param), .param_bytes = sizeof(struct bench_spin_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL,
    .def_version = 1,
    .generate = generate, .reference = reference, .items = "items", .flops = flops,
};
