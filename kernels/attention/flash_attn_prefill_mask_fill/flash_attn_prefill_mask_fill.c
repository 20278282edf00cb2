/* flash_attn_prefill_mask_fill: additive attention mask, mask[q,k] = -inf where the query at position q + q_abs_offset
 * may not see key k (the future, if causal; keys n_swa or more positions back, if there is a window), else +0.
 * Source: mlx-native, flash_attn_prefill_mask.metal and flash_attn_prefill_mask.rs. */
#define MXB_PARAMS_TABLE struct flash_attn_prefill_mask_fill_params
#include "kernels/attention/flash_attn_prefill_mask_fill/flash_attn_prefill_mask_fill.h"
#include <math.h>
#include <stdio.h>

/* Lengths of 0 and windows below -1 fail the ranges of the parameter table; sizes of 2^22 squared do not overflow. */
static int validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct flash_attn_prefill_mask_fill_params *p = pr->params;
    if (p->n_swa == 0) {
        snprintf(why, whylen, "Invalid argument: the window n_swa must be at least 1, or -1 for none");
        return MXB_EINVAL;
    }
    if ((int64_t)p->q_abs_offset + p->seq_len_q > INT32_MAX) {
        snprintf(why, whylen, "Invalid argument: q_abs_offset + seq_len_q is %lld, positions are signed 32-bit numbers",
                 (long long)p->q_abs_offset + p->seq_len_q);
        return MXB_EINVAL;
    }
    return 0;
}

static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct flash_attn_prefill_mask_fill_params *p = pr->params;
    for (int64_t q = r0; q < r1; q++)
        for (int64_t k = 0; k < p->seq_len_k; k++) {
            const int64_t position = q + p->q_abs_offset;
            const bool future = p->causal && k > position;
            const bool too_old = p->n_swa > 0 && position - k >= p->n_swa;
            t[T_MASK].v[q * p->seq_len_k + k] = future || too_old ? -INFINITY : 0.0;
        }
}

static double flops(const struct mxb_problem *pr)
{
    (void)pr;
    return 0;
}

static const struct mxb_tensor tensors[] = {
    { .name = "mask", .role = MXB_OUT, .dtype = MXB_T, .shape = "seq_len_q,seq_len_k", .tol = MXB_TOL_EXACT },
};
static const struct mxb_entry entries[] = {
    { "flash_attn_prefill_mask_fill_bf16", { MXB_BF16 }, NULL },
};

static const struct mxb_tile tiles[] = {
    { "VEC", 1001, "seq_len_k % 8 == 0 ? 8 : 1", "1 8", "cells per store" },
    { "WG",  1000, "max(32, min(256, np2(cdiv(seq_len_k, VEC))))", "32 64 128 256 512 1024", "work items per row" },
};
static const struct mxb_limit limits[] = {
    { "VEC == 1 || VEC == 8", "VEC must be 1 or 8" },
    { "seq_len_k % VEC == 0", "VEC must divide seq_len_k" },
};
/* Two grid axes: Vulkan guarantees no more than 65535 workgroups on one. */
static const struct mxb_kernel row_kernel[] = {
    { .entry = "flash_attn_prefill_mask_fill", .source = "flash_attn_prefill_mask_fill",
      .grid = { "min(seq_len_q, 65535)", "cdiv(seq_len_q, 65535)" }, .local = { "WG" } },
};
static const struct mxb_kernel cpu_kernel[] = {
    { .entry = "flash_attn_prefill_mask_fill_cpu", .source = "flash_attn_prefill_mask_fill_cpu",
      .grid = { "seq_len_q" }, .cpu = flash_attn_prefill_mask_fill_cpu },
};
static const struct mxb_impl impls[] = {
    { .lang = "c", .name = "base", .about = "plain C, three runs of stores per row",
      .kernel = cpu_kernel, .nkernel = 1 },
    { .lang = "cl comp", .name = "row", .about = "one workgroup per row", .needs = MXB_FEAT_F16_STORAGE,
      .tile = tiles, .ntile = MXB_COUNT(tiles), .limit = limits, .nlimit = MXB_COUNT(limits),
      .kernel = row_kernel, .nkernel = 1 },
};

const struct mxb_op mxb_op_flash_attn_prefill_mask_fill = {
    .abi = MXB_OP_ABI, .name = "flash_attn_prefill_mask_fill", .family = "attention",
    .about = "builds the causal and sliding-window mask of prefill attention",
    .source_ref = "mlx-native, flash_attn_prefill_mask.metal",
    .param = flash_attn_prefill_mask_fill_param, .nparam = MXB_COUNT(flash_attn_prefill_mask_fill_param),
    .param_bytes = sizeof(struct flash_attn_prefill_mask_fill_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL,              /* it has no inputs */
    .def_version = 1,
    .validate = validate, .reference = reference, .items = "seq_len_q", .flops = flops,
};
