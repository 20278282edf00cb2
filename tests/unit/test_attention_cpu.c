/* The CPU kernels of the attention and cache ops, every instruction set, in exact-size buffers: each fill passes the program's own
 * check, and what the ops promise beyond it holds. */
#include "tests/unit/op_fixture.h"
#include <math.h>

struct shape { const char *entry; struct setting s[12]; };

static const struct shape shapes[] = {
    { "flash_attn_vec_dk256", { { "kv_seq_len", 75 }, { "kv_capacity", 75 }, { "nwg", 2 } } },
    { "flash_attn_vec_dk512", { { "kv_seq_len", 33 }, { "kv_capacity", 40 }, { "nwg", 1 } } },
    { "flash_attn_vec_f16kv_dk256", { { "n_heads", 20 }, { "kv_seq_len", 70 }, { "kv_capacity", 71 }, { "nwg", 32 },
                                      { "mask_type", 2 }, { "sliding_window", 37 } } },
    { "flash_attn_vec_f16kv_dk512", { { "n_heads", 3 }, { "n_kv_heads", 1 }, { "kv_seq_len", 1 }, { "kv_capacity", 1 } } },
    { "flash_attn_vec_reduce_dk256", { { "nrows", 7 }, { "nwg", 5 } } },
    { "flash_attn_vec_reduce_dk512", { { "nrows", 6 }, { "nwg", 32 } } },
    { "sdpa", { { "n_heads", 6 }, { "head_dim", 37 }, { "seq_len", 7 }, { "kv_seq_len", 41 } } },
    { "sdpa_bf16", { { "batch", 2 }, { "head_dim", 72 }, { "seq_len", 33 }, { "kv_seq_len", 66 }, { "kv_capacity", 70 } } },
    { "sdpa_sliding", { { "head_dim", 1 }, { "seq_len", 40 }, { "kv_seq_len", 40 }, { "window_size", 5 } } },
    { "sdpa_sliding_bf16", { { "head_dim", 256 }, { "seq_len", 20 }, { "kv_seq_len", 90 }, { "window_size", 32 } } },
    { "sdpa_decode", { { "n_heads", 22 }, { "head_dim", 96 }, { "kv_seq_len", 200 }, { "kv_capacity", 201 } } },
    { "sdpa_decode", { { "head_dim", 512 }, { "kv_seq_len", 1 }, { "kv_capacity", 1 } } },
    { "flash_attn_prefill_llamacpp_bf16_d512", { { "n_kv_heads", 1 }, { "seq_len_q", 9 }, { "seq_len_k", 130 }, { "mask", 1 },
                                                 { "mask_fill", 2 }, { "do_causal", 1 }, { "q_offset", 120 } } },
    { "flash_attn_prefill_llamacpp_f16_d512_boolmask", { { "seq_len_q", 8 }, { "seq_len_k", 65 }, { "mask", 2 },
                                                         { "mask_fill", 1 }, { "has_blk", 1 } } },
    { "scale_mask_softmax_f32", { { "rows", 12 }, { "cols", 1 }, { "seq_q", 4 } } },
    { "scale_mask_softmax_f32", { { "rows", 12 }, { "cols", 77 }, { "seq_q", 6 } } },
    { "kv_cache_copy", { { "head_dim", 7 }, { "capacity", 5 }, { "seq_pos", 4 }, { "n_tokens", 3 }, { "is_sliding", 1 } } },
    { "kv_cache_copy_f32", { { "head_dim", 5 }, { "capacity", 9 }, { "seq_pos", 4 }, { "n_tokens", 5 } } },
    { "kv_cache_copy_batch_f32", { { "capacity", 3 }, { "seq_pos", 2 } } },
    { "kv_cache_copy_batch_f32_to_f16", { { "head_dim", 37 }, { "capacity", 3 }, { "seq_pos", 0 } } },
    { "kv_cache_copy_seq_f32", { { "capacity", 4 }, { "seq_pos", 6 }, { "n_tokens", 4 }, { "src_tok_offset", 1 } } },
    { "kv_cache_copy_seq_f32_to_f16", { { "head_dim", 33 }, { "capacity", 4 }, { "seq_pos", 3 }, { "n_tokens", 0 } } },
    { "kv_cache_copy_seq_bf16", { { "head_dim", 19 }, { "capacity", 4 }, { "seq_pos", 3 }, { "n_tokens", 2 } } },
    { "kv_cache_copy_seq_f32_kv_dual", { { "capacity", 4 }, { "seq_pos", 7 }, { "n_tokens", 3 } } },
    { "kv_cache_copy_seq_f32_to_f16_kv_dual", { { "head_dim", 3 }, { "capacity", 4 }, { "n_tokens", 4 } } },
};

static void every_fill_passes(void **state)
{
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(shapes); i++)
        for (int fill = 0; fill < MXB_NFILL; fill++) {
            const struct mxb_op *op = NULL;
            struct op_run r;
            uint32_t ran = 0;
            (void)ops_find_entry(shapes[i].entry, &op);
            if (!(op->fills >> fill & 1)) continue;
            run_open(&r, shapes[i].entry, shapes[i].s, (enum mxb_fill)fill);
            for (uint32_t k = 0; k < op->nimpl; k++) {
                if (!run_cpu(&r, k, NULL, 0)) continue;
                const struct check_report c = judge(&r);
                ran++;
                if (c.status != ST_PASS)
                    fail_msg("%s, shape %zu, fill %d, %s: %s", shapes[i].entry, i, fill, op->impl[k].name, c.text);
            }
            assert_true(ran > 0);
            run_close(&r);
        }
}

/* With a window that holds every key, sdpa_sliding has the bits of sdpa. */
static void wide_window_changes_nothing(void **state)
{
    static const struct setting s[] = {
        { "head_dim", 40 }, { "seq_len", 20 }, { "kv_seq_len", 70 }, { "window_size", 70 }, { NULL, 0 },
    };
    struct op_run full, window;
    (void)state;
    run_open(&full, "sdpa_bf16", s, MXB_FILL_NORMAL);
    run_open(&window, "sdpa_sliding_bf16", s, MXB_FILL_NORMAL);
    for (uint32_t k = 0; k < full.pr.op->nimpl; k++)
        if (run_cpu(&full, k, NULL, 0) && run_cpu(&window, k, NULL, 0))
            assert_memory_equal(full.tensor[3], window.tensor[3], problem_bytes(&full.pr, 3));
    run_close(&full);
    run_close(&window);
}

/* Copies between equal types keep every bit, those of NaN too. */
static void copies_keep_bits(void **state)
{
    static const char *const entry[] = { "kv_cache_copy", "kv_cache_copy_seq_f32" };
    static const struct setting s[] = { { "n_heads", 1 }, { "head_dim", 19 }, { "capacity", 1 }, { NULL, 0 } };
    (void)state;
    for (size_t e = 0; e < MXB_COUNT(entry); e++) {
        struct op_run r;
        run_init(&r, entry[e], s, MXB_FILL_NORMAL);
        for (uint32_t i = 0; i < problem_bytes(&r.pr, 0); i++)   /* signalling and quiet NaN of many payloads among them */
            ((uint8_t *)r.input[0])[i] = i % 3 ? 0x7f : (uint8_t)(17 * i + 1);
        memset(r.input[1], 0, problem_bytes(&r.pr, 1));
        for (uint32_t k = 0; k < r.pr.op->nimpl; k++)
            if (run_cpu(&r, k, NULL, 0)) assert_memory_equal(r.tensor[1], r.input[0], problem_bytes(&r.pr, 0));
        run_close(&r);
    }
}

/* Numbers of rows per item and of parts that divide nothing. */
static void tiles_do_not_matter(void **state)
{
    static const struct setting s[] = {
        { "n_heads", 14 }, { "n_kv_heads", 2 }, { "head_dim", 64 }, { "kv_seq_len", 170 }, { "kv_capacity", 171 }, { NULL, 0 },
    };
    struct op_run r;
    (void)state;
    run_open(&r, "sdpa_decode", s, MXB_FILL_EXACT);
    for (uint32_t k = 0; k < r.pr.op->nimpl; k++)
        for (int rows = 1; rows < 9; rows += 2)
            for (int parts = 1; parts <= 32; parts = parts * 2 + 1) {
                const struct tile_value tile[] = { { "ROWS", rows }, { "PARTS", parts } };
                if (!run_cpu(&r, k, tile, 2)) continue;
                const struct check_report c = judge(&r);
                if (c.status != ST_PASS) fail_msg("ROWS=%d PARTS=%d: %s", rows, parts, c.text);
            }
    run_close(&r);
}

/* Groups per item, which divide the number of groups or do not. */
static void groups_do_not_matter(void **state)
{
    static const struct setting s[] = {
        { "n_heads", 6 }, { "n_kv_heads", 2 }, { "kv_seq_len", 333 }, { "kv_capacity", 334 }, { "nwg", 7 }, { NULL, 0 },
    };
    static const int groups[] = { 1, 2, 3, 4, 7, 32 };
    struct op_run r;
    (void)state;
    run_open(&r, "flash_attn_vec_f16kv_dk256", s, MXB_FILL_EXACT);
    for (uint32_t k = 0; k < r.pr.op->nimpl; k++)
        for (size_t i = 0; i < MXB_COUNT(groups); i++) {
            const struct tile_value tile[] = { { "ROWS", 2 }, { "GROUPS", groups[i] } };
            if (!run_cpu(&r, k, tile, 2)) continue;
            const struct check_report c = judge(&r);
            if (c.status != ST_PASS) fail_msg("GROUPS=%d: %s", groups[i], c.text);
        }
    run_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fill_passes),
        cmocka_unit_test(wide_window_changes_nothing),
        cmocka_unit_test(copies_keep_bits),
        cmocka_unit_test(tiles_do_not_matter),
        cmocka_unit_test(groups_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
