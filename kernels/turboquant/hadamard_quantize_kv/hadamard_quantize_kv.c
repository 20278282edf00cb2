/* hadamard_quantize_kv: writes vectors into a TurboQuant key or value cache.  Signs and Walsh-Hadamard transform spread
 * a vector's energy over its coordinates, its norm is split off, and what is left, near N(0,1), is quantised by a
 * Lloyd-Max codebook: 4 bits, two indices per byte (fast entries), or 5, 6, 8 bits, one per byte (hb entries).
 *     z = H (sigma src);  DIM = 256: N = |z|, v = z (16 / N);  DIM = 512, each half: N = rms(z), v = z (scale / N)
 *     index = number of boundaries below v;  a vector with N <= 1e-10 has v = 0
 * Source: mlx-native, hadamard_quantize_kv_fast.metal and hadamard_quantize_kv.rs; the two norms at DIM = 512 are
 * computed apart, where upstream sums inside a divergent branch.  Upstream writes one token per dispatch: n_tokens = 1.
 * This file: arguments and tables.  The inputs and the oracle are in hadamard_quantize_kv_ref.c. */
#define MXB_PARAMS_TABLE struct hadamard_quantize_kv_params
#include "kernels/turboquant/hadamard_quantize_kv/hadamard_quantize_kv.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

struct shape hadamard_quantize_kv_shape(const struct mxb_problem *pr)
{
    const struct hadamard_quantize_kv_params *p = pr->params;
    int dim = 0, nibbles = 0;
    (void)sscanf(pr->entry->consts, "DIM=%d NIBBLES=%d", &dim, &nibbles);
    return (struct shape){ (uint32_t)dim, .blocks = (uint32_t)dim / 256, .bits = nibbles ? 4 : p->codebook_bits };
}

/* Sizes of zero and scale factors that are not positive fail the ranges of the parameter table before. */
static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct hadamard_quantize_kv_params *p = pr->params;
    const struct shape s = hadamard_quantize_kv_shape(pr);
    const uint64_t tokens = (uint64_t)p->src_tok_offset + p->n_tokens, limit = UINT32_MAX;
    if (s.bits == 7)
        snprintf(why, whylen, "Invalid argument: codebook_bits must be 5, 6 or 8");
    else if (p->rms_probe_enabled && s.bits != 4)
        snprintf(why, whylen, "Invalid argument: rms_probe_enabled needs one of the fast entries");
    else if (!p->is_sliding && (uint64_t)p->write_pos + p->n_tokens > p->cache_capacity)
        snprintf(why, whylen, "Invalid argument: write_pos (%" PRIu32 ") + n_tokens (%" PRIu32 ") exceeds "
                 "cache_capacity (%" PRIu32 "), the cache is no ring", p->write_pos, p->n_tokens, p->cache_capacity);
    else if (p->n_tokens > p->cache_capacity)
        snprintf(why, whylen, "Invalid argument: n_tokens (%" PRIu32 ") exceeds cache_capacity (%" PRIu32 "): "
                 "two tokens would share a slot", p->n_tokens, p->cache_capacity);
    else if (tokens * p->num_kv_heads * s.dim > limit || (uint64_t)p->num_kv_heads * p->cache_capacity * s.dim > limit)
        snprintf(why, whylen, "Invalid argument: src or packed would have 2^32 elements or more");
    else
        return 0;
    return MXB_EINVAL;
}

/* Transform, five operations for norm and scale, one comparison per bit of the index. */
static double flops(const struct mxb_problem *pr)
{
    const struct hadamard_quantize_kv_params *p = pr->params;
    const struct shape s = hadamard_quantize_kv_shape(pr);
    return (double)p->n_tokens * p->num_kv_heads * s.dim * (log2(s.dim) + 1 + 5 + s.bits);
}

/* Of the cache only the written slots count. */
static double bytes(const struct mxb_problem *pr)
{
    const struct hadamard_quantize_kv_params *p = pr->params;
    const struct shape s = hadamard_quantize_kv_shape(pr);
    const double packed = s.bits == 4 ? s.dim / 2 : s.dim, probe = p->rms_probe_enabled ? 4.0 * s.dim : 0;
    return (double)p->n_tokens * p->num_kv_heads * (4.0 * s.dim + packed + 4.0 * s.blocks + probe);
}

static const struct mxb_tensor tensors[] = {
    { .name = "src", .role = MXB_IN, .dtype = MXB_F32, .shape = "src_tok_offset + n_tokens, num_kv_heads, DIM",
      .gen = MXB_GEN_NORMAL },
    { .name = "packed", .role = MXB_INOUT, .dtype = MXB_U8, .tol = MXB_TOL_EXACT,
      .shape = "num_kv_heads, cache_capacity, NIBBLES ? DIM / 2 : DIM" },
    { .name = "norms", .role = MXB_INOUT, .dtype = MXB_F32, .shape = "num_kv_heads, cache_capacity, DIM / 256",
      .gen = MXB_GEN_NORMAL },
    { .name = "probe", .role = MXB_OUT, .dtype = MXB_F32, .shape = "num_kv_heads, n_tokens, DIM",
      .present = "NIBBLES && rms_probe_enabled" },
};

static const struct mxb_entry entries[] = {
    { "hadamard_quantize_kv_fast_d256", { MXB_F32 }, "DIM=256 NIBBLES=1" },
    { "hadamard_quantize_kv_fast_d512", { MXB_F32 }, "DIM=512 NIBBLES=1" },
    { "hadamard_quantize_kv_hb_d256",   { MXB_F32 }, "DIM=256 NIBBLES=0" },
    { "hadamard_quantize_kv_hb_d512",   { MXB_F32 }, "DIM=512 NIBBLES=0" },
};

static const struct mxb_tile tiles[] = {
    { "WG", 1000, "DIM / 4", "32 64 128 256 512", "work items per vector" },
};
static const struct mxb_limit limits[] = {
    { "WG > 0 && WG == np2(WG)", "the tree reduction needs WG to be a power of two" },
};
/* A vector, the boundaries, two partial sums per work item. */
static const struct mxb_kernel local_kernel[] = {
    { .entry = "hadamard_quantize_kv", .source = "hadamard_quantize_kv", .local = { "WG" },
      .grid = { "num_kv_heads", "n_tokens" }, .local_bytes = "4 * DIM + 1024 + 8 * WG" },
};
#define CPU_KERNEL(name) { .entry = #name, .source = #name, .grid = { "num_kv_heads", "n_tokens" }, .cpu = name }
static const struct mxb_kernel cpu_kernel[] = { CPU_KERNEL(hadamard_quantize_kv_cpu) };
static const struct mxb_kernel cpu_avx2_kernel[] = { CPU_KERNEL(hadamard_quantize_kv_cpu_avx2) };
static const struct mxb_kernel cpu_avx512_kernel[] = { CPU_KERNEL(hadamard_quantize_kv_cpu_avx512) };

#define CPU_IMPL(n, text, feature, k) \
    { .lang = "c", .name = n, .about = text ", one vector per task", .needs = feature, .kernel = k, .nkernel = 1 }
static const struct mxb_impl impls[] = {
    CPU_IMPL("avx512", "AVX-512", MXB_FEAT_AVX512, cpu_avx512_kernel),
    CPU_IMPL("avx2", "AVX2 and FMA", MXB_FEAT_AVX2, cpu_avx2_kernel),
    CPU_IMPL("base", "vectors of the baseline instruction set", 0, cpu_kernel),
    { .lang = "cl comp", .name = "local", .about = "one workgroup per vector, in local memory",
      .tile = tiles, .ntile = MXB_COUNT(tiles), .limit = limits, .nlimit = MXB_COUNT(limits),
      .kernel = local_kernel, .nkernel = 1 },
};

const struct mxb_op mxb_op_hadamard_quantize_kv = {
    .abi = MXB_OP_ABI, .name = "hadamard_quantize_kv", .family = "turboquant",
    .about = "TurboQuant encoder: rotates vectors and writes indices and norms into a key-value cache",
    .source_ref = "mlx-native, hadamard_quantize_kv_fast.metal",
    .param = hadamard_quantize_kv_param, .nparam = MXB_COUNT(hadamard_quantize_kv_param),
    .param_bytes = sizeof(struct hadamard_quantize_kv_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    /* No exact fill: a device may round square root and division as it likes.  The indices are exact under every fill.
     * */
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_NEEDLE | 1u << MXB_FILL_LARGE | 1u << MXB_FILL_PROBE,
    .def_version = 1,
    .validate = validate, .generate = hadamard_quantize_kv_generate, .reference = hadamard_quantize_kv_reference,
    .items = "num_kv_heads", .flops = flops, .bytes = bytes,
};
