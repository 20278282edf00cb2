/* fwht: normalised Walsh-Hadamard transform of rows, in place, H[i][j] = (-1)^popcount(i and j) / sqrt(DIM).
 *     standalone    x = H x
 *     sign_premult  x = H (sigma x)     rotates a query before attention over a TurboQuant cache
 *     sign_undo     x = sigma (H x)     rotates the output back: the inverse of sign_premult
 * Source: mlx-native, fwht_standalone.metal and fwht_standalone.rs. */
#define MXB_PARAMS_TABLE struct fwht_params
#include "kernels/turboquant/fwht/fwht.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include "kernels/common/tq_oracle.h"

static uint32_t dim_of(const struct mxb_problem *pr)
{
    return (uint32_t)(pr->nelem[T_X] / ((const struct fwht_params *)pr->params)->num_heads);
}

static int mode_of(const struct mxb_problem *pr)
{
    int mode = -1;
    (void)sscanf(pr->entry->consts, "DIM=%*d MODE=%d", &mode);
    return mode;
}

static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const uint32_t dim = dim_of(pr);
    const int mode = mode_of(pr);
    for (int64_t r = r0; r < r1; r++) {
        double *x = t[T_X].v + r * dim, *p = t[T_X].p + r * dim;
        double in[TQ_ORACLE_DIM], fast[TQ_ORACLE_DIM], var[TQ_ORACLE_DIM];
        for (uint32_t j = 0; j < dim; j++) in[j] = mode == MODE_SIGN_PREMULT ? tq_oracle_sign(j) * x[j] : x[j];
        tq_oracle_hadamard(in, dim, x);
        tq_oracle_butterflies(in, dim, fast, var);
        for (uint32_t j = 0; j < dim; j++) {
            if (mode == MODE_SIGN_UNDO) x[j] *= tq_oracle_sign(j);
            p[j] = isfinite(x[j]) ? sqrt(var[j]) : 0;
        }
    }
}

/* log2(DIM) sums and one product per element; flips of signs are not counted. */
static double flops(const struct mxb_problem *pr)
{
    return (double)pr->nelem[T_X] * (log2(dim_of(pr)) + 1);
}

static const struct mxb_tensor tensors[] = {
    { .name = "x", .role = MXB_INOUT, .dtype = MXB_F32, .shape = "num_heads,DIM", .gen = MXB_GEN_NORMAL },
};

static const struct mxb_entry entries[] = {
    { "fwht_standalone_f32_d256",   { MXB_F32 }, "DIM=256 MODE=0" },
    { "fwht_standalone_f32_d512",   { MXB_F32 }, "DIM=512 MODE=0" },
    { "fwht_sign_premult_f32_d256", { MXB_F32 }, "DIM=256 MODE=1" },
    { "fwht_sign_premult_f32_d512", { MXB_F32 }, "DIM=512 MODE=1" },
    { "fwht_sign_undo_f32_d256",    { MXB_F32 }, "DIM=256 MODE=2" },
    { "fwht_sign_undo_f32_d512",    { MXB_F32 }, "DIM=512 MODE=2" },
};

static const struct mxb_tile tiles[] = {
    { "HPG", 1001, "1", "1 2 4 8", "rows per workgroup" },
    { "WG",  1000, "HPG * DIM / 4", "32 64 128 256 512", "work items per workgroup" },
};
static const struct mxb_limit limits[] = {
    { "HPG >= 1 && WG >= HPG && WG % HPG == 0", "HPG must divide WG" },
};
/* Two grid axes: Vulkan guarantees no more than 65535 workgroups on one. */
static const struct mxb_kernel local_kernel[] = {
    { .entry = "fwht", .source = "fwht", .local = { "WG" }, .local_bytes = "4 * HPG * DIM",
      .grid = { "min(cdiv(num_heads, HPG), 65535)", "cdiv(cdiv(num_heads, HPG), 65535)" } },
};
#define CPU_KERNEL(name) { .entry = #name, .source = #name, .grid = { "num_heads" }, .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(fwht_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(fwht_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(fwht_cpu_avx512) };

#define CPU_IMPL(n, text, feature, k) \
    { .lang = "c", .name = n, .about = text ", one row per task", .needs = feature, .kernel = k, .nkernel = 1 }
static const struct mxb_impl impls[] = {
    CPU_IMPL("avx512", "AVX-512", MXB_FEAT_AVX512, cpu_avx512_kernel),
    CPU_IMPL("avx2", "AVX2", MXB_FEAT_AVX2, cpu_avx2_kernel),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel),
    { .lang = "cl comp", .name = "local", .about = "rows in local memory, one barrier per stage",
      .tile = tiles, .ntile = MXB_COUNT(tiles), .limit = limits, .nlimit = MXB_COUNT(limits),
      .kernel = local_kernel, .nkernel = 1 },
};

const struct mxb_op mxb_op_fwht = {
    .abi = MXB_OP_ABI, .name = "fwht", .family = "turboquant",
    .about = "Walsh-Hadamard transform of attention heads, with or without the signs of TurboQuant",
    .source_ref = "mlx-native, fwht_standalone.metal",
    .param = fwht_param, .nparam = MXB_COUNT(fwht_param), .param_bytes = sizeof(struct fwht_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    /* Exact: sums of small integers, and one product by a contract constant, are rounded at most once. */
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT | 1u << MXB_FILL_NEEDLE | 1u << MXB_FILL_LARGE |
             1u << MXB_FILL_PROBE,
    .def_version = 1,
    .reference = reference, .items = "num_heads", .flops = flops,
};
