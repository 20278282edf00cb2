/* Every argument that the attention and cache ops reject, with its text, and how they count their work. */
#include "tests/unit/op_fixture.h"

#define REJECT(entry, text, ...) expect_rejected(entry, (const struct setting[]){ __VA_ARGS__, { NULL, 0 } }, text)

static void sdpa_arguments(void **state)
{
    static const char *const entry[] = { "sdpa", "sdpa_bf16", "sdpa_sliding", "sdpa_sliding_bf16" };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(entry); i++) {
        REJECT(entry[i], "head_dim", { "head_dim", 0 });
        REJECT(entry[i], "head_dim", { "head_dim", 513 });
        REJECT(entry[i], "n_heads", { "n_heads", 0 });
        REJECT(entry[i], "n_kv_heads", { "n_kv_heads", 0 });
        REJECT(entry[i], "divisible", { "n_heads", 16 }, { "n_kv_heads", 7 });
        REJECT(entry[i], "seq_len", { "seq_len", 0 });
        REJECT(entry[i], "kv_seq_len", { "kv_seq_len", 0 });
        REJECT(entry[i], "batch", { "batch", 0 });
        REJECT(entry[i], "seq_len (33) must not exceed kv_seq_len (32)", { "seq_len", 33 });
        REJECT(entry[i], "kv_capacity (31)", { "kv_capacity", 31 });
        REJECT(entry[i], "scale", { "scale", 0 });
        REJECT(entry[i], "2^32", { "batch", 4096 }, { "n_heads", 1024 }, { "head_dim", 512 }, { "seq_len", 32 });
        REJECT(entry[i], "window_size", { "window_size", 0 });
    }
}

static void decode_arguments(void **state)
{
    (void)state;
    REJECT("sdpa_decode", "multiple of 32", { "head_dim", 40 });
    REJECT("sdpa_decode", "head_dim", { "head_dim", 544 });
    REJECT("sdpa_decode", "kv_seq_len", { "kv_seq_len", 0 });
    REJECT("sdpa_decode", "n_heads", { "n_heads", 0 });
    REJECT("sdpa_decode", "n_kv_heads", { "n_kv_heads", 0 });
    REJECT("sdpa_decode", "divisible", { "n_heads", 3 });
    REJECT("sdpa_decode", "kv_capacity (63)", { "kv_capacity", 63 });
    REJECT("sdpa_decode", "scale", { "scale", 1e-6 });
    REJECT("sdpa_decode", "2^32", { "n_kv_heads", 4 }, { "head_dim", 512 }, { "kv_capacity", 2097152 });
}

static void vec_arguments(void **state)
{
    static const char *const entry[] = {
        "flash_attn_vec_dk256", "flash_attn_vec_dk512", "flash_attn_vec_f16kv_dk256", "flash_attn_vec_f16kv_dk512",
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(entry); i++) {
        REJECT(entry[i], "n_heads", { "n_heads", 0 });
        REJECT(entry[i], "n_kv_heads", { "n_kv_heads", 0 });
        REJECT(entry[i], "divisible", { "n_heads", 3 });
        REJECT(entry[i], "kv_seq_len", { "kv_seq_len", 0 });
        REJECT(entry[i], "kv_capacity (63)", { "kv_capacity", 63 });
        REJECT(entry[i], "scale", { "scale", 0 });
        REJECT(entry[i], "nwg", { "nwg", 0 });
        REJECT(entry[i], "nwg", { "nwg", 33 });
        REJECT(entry[i], "mask_type", { "mask_type", 3 });
        REJECT(entry[i], "2^32", { "n_heads", 8 }, { "n_kv_heads", 8 }, { "kv_capacity", 4194304 });
    }
    REJECT("flash_attn_vec_reduce_dk256", "nwg", { "nwg", 0 });
    REJECT("flash_attn_vec_reduce_dk512", "nwg", { "nwg", 33 });
    REJECT("flash_attn_vec_reduce_dk512", "nrows", { "nrows", 0 });
}

static void llamacpp_arguments(void **state)
{
    static const char *const entry[] = {
        "flash_attn_prefill_llamacpp_bf16_d512", "flash_attn_prefill_llamacpp_bf16_d512_boolmask",
        "flash_attn_prefill_llamacpp_f16_d512", "flash_attn_prefill_llamacpp_f16_d512_boolmask",
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(entry); i++) {
        REJECT(entry[i], "has_blk needs a mask", { "has_blk", 1 });
        REJECT(entry[i], "divisible", { "n_heads", 3 });
        REJECT(entry[i], "nsg must be 4 or 8, not 6", { "nsg", 6 });
        REJECT(entry[i], "nsg", { "nsg", 16 });
        REJECT(entry[i], "scale", { "scale", 0 });
        REJECT(entry[i], "seq_len_q", { "seq_len_q", 0 });
        REJECT(entry[i], "seq_len_k", { "seq_len_k", 0 });
        REJECT(entry[i], "batch", { "batch", 0 });
        REJECT(entry[i], "2^32", { "n_kv_heads", 1 }, { "n_heads", 4 }, { "seq_len_q", 4194304 });
    }
}

static void softmax_arguments(void **state)
{
    (void)state;
    REJECT("scale_mask_softmax_f32", "rows", { "rows", 0 });
    REJECT("scale_mask_softmax_f32", "cols", { "cols", 0 });
    REJECT("scale_mask_softmax_f32", "seq_q", { "seq_q", 0 });
    REJECT("scale_mask_softmax_f32", "multiple of seq_q (3)", { "seq_q", 3 });
    REJECT("scale_mask_softmax_f32", "2^32", { "rows", 65536 }, { "cols", 65536 });
}

static void cache_arguments(void **state)
{
    (void)state;
    REJECT("kv_cache_copy", "global cache overflow", { "capacity", 4 }, { "seq_pos", 3 }, { "n_tokens", 2 });
    REJECT("kv_cache_copy_f32", "global cache overflow", { "capacity", 4 }, { "seq_pos", 5 }, { "n_tokens", 0 });
    REJECT("kv_cache_copy", "written twice", { "capacity", 4 }, { "n_tokens", 5 }, { "is_sliding", 1 });
    REJECT("kv_cache_copy_f32", "no src_tok_offset", { "src_tok_offset", 1 });
    REJECT("kv_cache_copy_batch_f32", "no src_tok_offset", { "src_tok_offset", 1 });
    REJECT("kv_cache_copy_batch_f32", "no is_sliding", { "is_sliding", 1 });
    REJECT("kv_cache_copy_batch_f32", "copies one token", { "n_tokens", 2 });
    REJECT("kv_cache_copy_batch_f32_to_f16", "seq_pos (64) must be below capacity", { "seq_pos", 64 });
    REJECT("kv_cache_copy_seq_f32", "written twice", { "capacity", 4 }, { "n_tokens", 5 });
    REJECT("kv_cache_copy_seq_bf16", "no is_sliding", { "is_sliding", 1 });
    REJECT("kv_cache_copy_seq_f32_to_f16", "capacity", { "capacity", 0 });
    REJECT("kv_cache_copy_seq_f32_kv_dual", "n_heads", { "n_heads", 0 });
    REJECT("kv_cache_copy_seq_f32_to_f16_kv_dual", "head_dim", { "head_dim", 0 });
    REJECT("kv_cache_copy_seq_f32", "2^32", { "n_heads", 64 }, { "head_dim", 512 }, { "capacity", 131072 });
}

static void expect_work(const char *entry, const struct setting *s, double flops, double bytes)
{
    uint32_t params[MXB_MAX_PUSH / 4];
    char err[MXB_ERRLEN] = "";
    struct mxb_problem pr;
    const struct mxb_op *op = NULL;
    const struct mxb_entry *e = ops_find_entry(entry, &op);
    set_params(op, s, params);
    if (problem_init(&pr, op, e, params, 1, MXB_FILL_NORMAL, err, sizeof err) != 0) fail_msg("%s", err);
    if (op->flops(&pr) != flops || problem_min_bytes(&pr) != bytes)
        fail_msg("%s: %.17g flops, %.17g bytes", entry, op->flops(&pr), problem_min_bytes(&pr));
}
#define WORK(entry, flops, bytes, ...) expect_work(entry, (const struct setting[]){ __VA_ARGS__, { NULL, 0 } }, flops, bytes)

static void work_is_counted(void **state)
{
    (void)state;
    /* 5 queries at positions 4..8 of 9 keys: 5 + 6 + 7 + 8 + 9 pairs; with 3 keys before the own one 5 * 4 */
    WORK("sdpa", 4.0 * 4 * 64 * 35, 4.0 * 2 * 64 * (4 * 5 + 2 * 9), { "seq_len", 5 }, { "kv_seq_len", 9 }, { "kv_capacity", 20 });
    WORK("sdpa_sliding_bf16", 4.0 * 4 * 64 * 20, 2.0 * 2 * 64 * (4 * 5 + 2 * 8), { "seq_len", 5 }, { "kv_seq_len", 9 },
         { "window_size", 3 });
    WORK("sdpa_decode", 4.0 * 4 * 128 * 64, 4.0 * 2 * 128 * (4 + 2 * 64), { "kv_capacity", 70 });
    /* Q, K and V within the window, tmp */
    WORK("flash_attn_vec_f16kv_dk256", 4.0 * 4 * 256 * 10, 4.0 * (4 * 256 + 4 * 3 * 258) + 2.0 * 2 * 2 * 10 * 256, { "nwg", 3 },
         { "mask_type", 2 }, { "sliding_window", 10 });
    WORK("flash_attn_vec_dk512", 4.0 * 4 * 512 * 64, 4.0 * (2 * 4 * 512) + 4.0 * 2 * 2 * 64 * 512, { "nwg", 1 });
    WORK("flash_attn_vec_reduce_dk256", 3.0 * 5 * 7 * 256, 4.0 * 5 * (7 * 258 + 256), { "nrows", 5 }, { "nwg", 7 });
    WORK("scale_mask_softmax_f32", 7.0 * 8 * 64, 8.0 * 8 * 64 + 2 * 4 * 64, { "seq_q", 4 });
    WORK("kv_cache_copy_seq_f32_to_f16_kv_dual", 0, 2.0 * 3 * 2 * 64 * 6, { "n_tokens", 3 }, { "src_tok_offset", 5 });
    WORK("kv_cache_copy_seq_bf16", 0, 3.0 * 2 * 64 * 6, { "n_tokens", 3 });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sdpa_arguments),    cmocka_unit_test(decode_arguments), cmocka_unit_test(vec_arguments),
        cmocka_unit_test(llamacpp_arguments),
        cmocka_unit_test(softmax_arguments), cmocka_unit_test(cache_arguments),  cmocka_unit_test(work_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
