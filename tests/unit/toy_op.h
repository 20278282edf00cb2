/* A small op for the tests of the harness: y[r] = scale * (sum_k a[r,k] * b[k]) + bias[r], count[r] = {r, k of the
 * largest |a[r,k]|}, state[r] += 1, with a scratch tensor and a packed input that depend on a tile constant. */
#ifndef TOY_OP_H
#define TOY_OP_H
#include "harness/mxb_op.h"
#include <math.h>
#include <stdio.h>

struct toy_params { uint32_t rows, depth, bias; float scale; int32_t shift; uint32_t mode; };

enum { TOY_A, TOY_B, TOY_BIAS, TOY_Y, TOY_COUNT, TOY_STATE, TOY_PACKED, TOY_SCRATCH, TOY_NTENSOR };

static const struct mxb_param toy_param[] = {
    { "rows", 'u', 0, 8, 1, 1e9, NULL, "outputs" },
    { "depth", 'u', 4, 16, 1, 1e9, NULL, "products per output" },
    { "bias", 'b', 8, 0, 0, 1, NULL, "a bias is added" },
    { "scale", 'f', 12, 0.1f, -0.1, 0.1, NULL, "factor" },
    { "shift", 'i', 16, -1, -8, 8, NULL, "not used" },
    { "mode", 'e', 20, 1, 0, 2, "none rank2 rank4", "not used" },
};
static const struct mxb_tensor toy_tensor[] = {
    [TOY_A]       = { .name = "a", .role = MXB_IN, .dtype = MXB_T, .shape = "rows,depth", .gen = MXB_GEN_NORMAL },
    [TOY_B]       = { .name = "b", .role = MXB_IN, .dtype = MXB_T, .shape = "depth", .gen = MXB_GEN_NORMAL },
    [TOY_BIAS]    = { .name = "bias", .role = MXB_IN, .dtype = MXB_F32, .shape = "rows", .gen = MXB_GEN_UNIFORM,
                      .present = "bias" },
    [TOY_Y]       = { .name = "y", .role = MXB_OUT, .dtype = MXB_T2, .shape = "min(rows,2),cdiv(rows, min(rows,2))" },
    [TOY_COUNT]   = { .name = "count", .role = MXB_OUT, .dtype = MXB_I32, .shape = "rows,2", .tol = MXB_TOL_EXACT },
    [TOY_STATE]   = { .name = "state", .role = MXB_INOUT, .dtype = MXB_F32, .shape = "rows", .gen = MXB_GEN_POSITIVE },
    [TOY_PACKED]  = { .name = "packed", .role = MXB_IN, .dtype = MXB_U8, .shape = "rows,SPLIT", .per_tile = true },
    [TOY_SCRATCH] = { .name = "scratch", .role = MXB_SCRATCH, .dtype = MXB_F32, .shape = "rows*SPLIT*WIDE",
                      .per_tile = true },
};
static const struct mxb_entry toy_entry[] = {
    { "toy_f32", { MXB_F32, MXB_F32, MXB_F32 }, "WIDE=0 NEG=-3" },
    { "toy_f16", { MXB_F16, MXB_F16, MXB_F32 }, "WIDE=1" },
    { "toy_bf16", { MXB_BF16, MXB_BF16, MXB_F32 }, " WIDE=1 " },
    { "toy_bf16_f32", { MXB_BF16, MXB_F32, MXB_F32 }, "WIDE=2" },
};

static inline int toy_validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct toy_params *p = pr->params;
    if (p->rows % 2 == 0 || p->rows == 1)
        return 0;
    snprintf(why, whylen, "Invalid argument: rows = %u is odd", p->rows);
    return MXB_EINVAL;
}

/* The packed tensor holds the tile constant, so that a test can see which value it was made for. */
static inline bool toy_generate(const struct mxb_gen_ctx *ctx, uint32_t t, void *out)
{
    if (t != TOY_PACKED)
        return false;
    for (uint64_t i = 0; i < ctx->pr->nelem[t]; i++)
        mxb_store(MXB_U8, out, i, (double)ctx->tile(ctx, "SPLIT"));
    return true;
}

static inline void toy_reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct toy_params *p = pr->params;
    for (int64_t r = r0; r < r1; r++) {
        const double *a = t[TOY_A].v + r * p->depth, *b = t[TOY_B].v;
        double sum = 0, squares = 0, peak = -1;
        for (uint32_t k = 0; k < p->depth; k++) {
            sum += a[k] * b[k];
            squares += sum * sum;
            if (fabs(a[k]) > peak) {
                peak = fabs(a[k]);
                t[TOY_COUNT].v[2 * r + 1] = k;
            }
        }
        t[TOY_COUNT].v[2 * r] = (double)r;
        t[TOY_Y].v[r] = (double)p->scale * sum + (p->bias ? t[TOY_BIAS].v[r] : 0);
        t[TOY_Y].p[r] = fabs((double)p->scale) * sqrt(squares);
        t[TOY_STATE].v[r] += 1;
    }
}

static inline double toy_flops(const struct mxb_problem *pr)
{
    const struct toy_params *p = pr->params;
    return 2.0 * p->rows * p->depth;
}

static inline void toy_cpu(const struct mxb_args *args, int64_t begin, int64_t end)
{
    (void)args;
    (void)begin;
    (void)end;
}

static const struct mxb_tile toy_tile[] = {
    { "SPLIT", 1000, "4", "1 2 4", "parts per row" },
    { "WG", 1001, "min(max_wg, 64)", "64 128", "work items" },
};
static const struct mxb_const toy_const[] = {
    { "HAS_BIAS", 300, 'b', "bias" }, { "ALIGNED", 200, 'b', "rows%SPLIT==0" },
};
static const struct mxb_limit toy_limit[] = { { "4*SPLIT <= local_bytes", "local memory" } };
static const struct mxb_kernel toy_cpu_kernel[] = {
    { .entry = "toy_cpu", .source = "toy_cpu", .grid = { "rows" }, .scratch_bytes = "8*depth", .cpu = toy_cpu },
};
static const struct mxb_kernel toy_gpu_kernel[] = {
    { .entry = "toy_split", .source = "toy", .grid = { "cdiv(rows,SPLIT)", "SPLIT" }, .local = { "WG" },
      .bind = "a b bias scratch packed", .local_bytes = "4*WG" },
    { .entry = "toy_merge", .source = "toy_merge", .grid = { "rows" }, .local = { "WG" },
      .bind = "scratch y count state" },
};
static const struct mxb_impl toy_impl[] = {
    { .lang = "c", .name = "simple", .about = "one row per item", .kernel = toy_cpu_kernel, .nkernel = 1,
      .tile = toy_tile, .ntile = 1, .consts = toy_const, .nconst = 2 },
    { .lang = "cl comp", .name = "split", .about = "two passes", .kernel = toy_gpu_kernel, .nkernel = 2,
      .tile = toy_tile, .ntile = 2, .consts = toy_const, .nconst = 2, .limit = toy_limit, .nlimit = 1,
      .entries = "toy_f32 toy_f16" },
};
static const struct mxb_op toy_op = {
    .abi = MXB_OP_ABI, .name = "toy", .family = "test", .about = "matrix times vector", .source_ref = "this file",
    .param = toy_param, .nparam = MXB_COUNT(toy_param), .param_bytes = sizeof(struct toy_params),
    .tensor = toy_tensor, .ntensor = MXB_COUNT(toy_tensor), .entry = toy_entry, .nentry = MXB_COUNT(toy_entry),
    .impl = toy_impl, .nimpl = MXB_COUNT(toy_impl), .fills = (1u << MXB_NFILL) - 1, .def_version = 1,
    .validate = toy_validate, .generate = toy_generate, .reference = toy_reference, .items = "rows", .flops = toy_flops,
};
#endif
