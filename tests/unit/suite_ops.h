/* Ops for the tests of the suite reader, one of each kind (several languages, tiles and enums; one language; none), and
 * a folder for suite files. */
#ifndef SUITE_OPS_H
#define SUITE_OPS_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "harness/suite_read.h"

struct attn_params {
    uint32_t batch, n_heads, n_kv_heads, seq_len_q, seq_len_k, do_causal, mask;
    float scale;
    int32_t window;
};
struct norm_params { uint32_t rows, dim; float eps; };

static const struct mxb_param attn_param[] = {
    { "batch", 'u', offsetof(struct attn_params, batch), 1, 1, 1024, NULL, "sequences" },
    { "n_heads", 'u', offsetof(struct attn_params, n_heads), 8, 1, 1024, NULL, "query heads" },
    { "n_kv_heads", 'u', offsetof(struct attn_params, n_kv_heads), 8, 1, 1024, NULL, "key heads" },
    { "seq_len_q", 'u', offsetof(struct attn_params, seq_len_q), 16, 1, 1048576, NULL, "queries" },
    { "seq_len_k", 'u', offsetof(struct attn_params, seq_len_k), 64, 1, 1048576, NULL, "keys" },
    { "do_causal", 'b', offsetof(struct attn_params, do_causal), 0, 0, 1, NULL, "causal" },
    { "mask", 'e', offsetof(struct attn_params, mask), 0, 0, 2, "none rank2 rank4", "mask" },
    { "scale", 'f', offsetof(struct attn_params, scale), 0.125, 0, 1, NULL, "factor of the scores" },
    { "window", 'i', offsetof(struct attn_params, window), -1, -1, 1000000, NULL, "-1 = none" },
};
static const struct mxb_tensor attn_tensor[] = {
    { .name = "q", .role = MXB_IN, .dtype = MXB_T, .shape = "batch,n_heads,seq_len_q,BD", .gen = MXB_GEN_NORMAL },
    { .name = "k", .role = MXB_IN, .dtype = MXB_T, .shape = "batch,n_kv_heads,seq_len_k,BD", .gen = MXB_GEN_NORMAL },
    { .name = "o", .role = MXB_OUT, .dtype = MXB_T, .shape = "batch,n_heads,seq_len_q,BD" },
};
static const struct mxb_entry attn_entry[] = {
    { "attn_f32_d64", { MXB_F32, MXB_F32, MXB_F32 }, "BD=64" },
    { "attn_bf16_d256", { MXB_BF16, MXB_BF16, MXB_BF16 }, "BD=256 BOOLMASK=0" },
    { "attn_bf16_d256_boolmask", { MXB_BF16, MXB_BF16, MXB_BF16 }, "BD=256 BOOLMASK=1" },
};
static const struct mxb_tile tiled_tile[] = {
    { "BQ", 1000, "16", "8 16 32", "queries per workgroup" }, { "BK", 1001, "16", "8 16 32", "keys per step" },
};
static const struct mxb_tile coopmat_tile[] = {
    { "BQ", 1000, "16", "16 32", "queries per workgroup" }, { "WM", 1002, "1", "1 2", "subgroups" },
};
static const struct mxb_impl attn_impl[] = {
    { .lang = "c", .name = "simd" },
    { .lang = "cl comp", .name = "tiled", .tile = tiled_tile, .ntile = 2 },
    { .lang = "comp", .name = "coopmat", .entries = "attn_bf16_d256 attn_bf16_d256_boolmask", .tile = coopmat_tile,
      .ntile = 2 },
    { .lang = "cl comp", .name = "simple" },
};

static inline int attn_validate(const struct mxb_problem *pr, char *why, size_t whylen)
{
    const struct attn_params *p = pr->params;
    if (p->n_heads % p->n_kv_heads == 0) return 0;
    snprintf(why, whylen, "n_heads must be a multiple of n_kv_heads");
    return MXB_EINVAL;
}

static const struct mxb_op attn_op = {
    .abi = MXB_OP_ABI, .name = "attn", .family = "attention", .param = attn_param, .nparam = MXB_COUNT(attn_param),
    .param_bytes = sizeof(struct attn_params), .tensor = attn_tensor, .ntensor = MXB_COUNT(attn_tensor),
    .entry = attn_entry, .nentry = MXB_COUNT(attn_entry), .impl = attn_impl, .nimpl = MXB_COUNT(attn_impl),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT | 1u << MXB_FILL_NEEDLE, .validate = attn_validate,
};

static const struct mxb_param norm_param[] = {
    { "rows", 'u', offsetof(struct norm_params, rows), 4, 1, 4294967295.0, NULL, "rows" },
    { "dim", 'u', offsetof(struct norm_params, dim), 64, 1, 65536, NULL, "elements of a row" },
    { "eps", 'f', offsetof(struct norm_params, eps), 1e-6f, 0, 1, NULL, "added to the mean square" },
};
static const struct mxb_tensor norm_tensor[] = {
    { .name = "x", .role = MXB_IN, .dtype = MXB_T, .shape = "min(rows,65536),dim", .gen = MXB_GEN_NORMAL },
    { .name = "y", .role = MXB_OUT, .dtype = MXB_T, .shape = "min(rows,65536),dim" },
};
static const struct mxb_entry norm_entry[] = {
    { "norm_f32", { MXB_F32, MXB_F32, MXB_F32 }, NULL }, { "norm_f16", { MXB_F16, MXB_F16, MXB_F16 }, NULL },
};
static const struct mxb_impl norm_impl[] = { { .lang = "c", .name = "row" } };
static const struct mxb_op norm_op = {
    .abi = MXB_OP_ABI, .name = "norm", .family = "norm", .param = norm_param, .nparam = MXB_COUNT(norm_param),
    .param_bytes = sizeof(struct norm_params), .tensor = norm_tensor, .ntensor = MXB_COUNT(norm_tensor),
    .entry = norm_entry, .nentry = MXB_COUNT(norm_entry), .impl = norm_impl, .nimpl = MXB_COUNT(norm_impl),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT | 1u << MXB_FILL_LARGE,
};

static const struct mxb_param orphan_param[] = { { "n", 'u', 0, 1, 1, 1024, NULL, "elements" } };
static const struct mxb_entry orphan_entry[] = { { "orphan_f32", { MXB_F32, MXB_F32, MXB_F32 }, NULL } };
static const struct mxb_op orphan_op = {
    .abi = MXB_OP_ABI, .name = "orphan", .family = "none", .param = orphan_param, .nparam = 1, .param_bytes = 4,
    .entry = orphan_entry, .nentry = 1, .fills = 1u << MXB_FILL_NORMAL,
};

static const struct mxb_op *const suite_ops[] = { &attn_op, &norm_op, &orphan_op };

/* Group set-up and tear-down: the tests run in an empty folder of their own. */
static inline int enter_folder(void **state)
{
    char *folder = strdup("/tmp/mlxbench_suite_XXXXXX");
    *state = folder;
    return folder && mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static inline int leave_folder(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
    const int rc = chdir("/") == 0 ? system(command) : -1;
    free(*state);
    return rc;
}

static inline void write_bytes(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, n, f) != n || fclose(f) != 0) abort();
}

static inline void write_text(const char *path, const char *text) { write_bytes(path, text, strlen(text)); }

/* Loads one path or inline case over suite_ops. */
static inline int load_path(const char *path, const struct suite_opts *opts, struct case_list *list, char *err)
{
    err[0] = 0;
    return suites_load_ops(suite_ops, MXB_COUNT(suite_ops), &path, 1, opts, list, err, MXB_ERRLEN);
}
#endif
