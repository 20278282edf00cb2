/* The catalogue: its counts, and that its names can be what they are used for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/ops.h"
#include <ctype.h>
#include <string.h>

static void assert_identifier(const char *s)
{
    assert_true(isalpha((unsigned char)*s) || *s == '_');
    for (; *s; s++)
        assert_true(isalnum((unsigned char)*s) || *s == '_');
}

static void test_counts(void **state)
{
    (void)state;
    uint32_t count[5] = { 0 }, groups = 0;
    for (uint32_t i = 0; i < catalogue_count; i++) {
        assert_in_range(catalogue[i].seed, 0, 4);
        count[catalogue[i].seed]++;
        bool first = catalogue[i].seed == 4;
        for (uint32_t k = 0; k < i; k++)
            first &= strcmp(catalogue[k].group, catalogue[i].group) != 0;
        groups += first;
    }
    assert_int_equal(catalogue_count, 202);
    assert_int_equal(count[4], 185);
    assert_int_equal(count[0], 8);
    assert_int_equal(count[1], 2);
    assert_int_equal(count[2], 1);
    assert_int_equal(count[3], 6);
    assert_int_equal(count[0] + count[1] + count[2] + count[3], 17);
    assert_int_equal(groups, 55);
    for (uint32_t i = 0; i < catalogue_count; i++)
        assert_true((catalogue[i].seed == 4) == (i < 185));
}

static void test_names(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < catalogue_count; i++) {
        const struct catalogue_row *row = &catalogue[i];
        assert_identifier(row->name);
        assert_identifier(row->group);
        assert_true(*row->family && *row->about);
        assert_true(*row->dtypes || i == 0);         /* the placeholder has no data */
        for (uint32_t k = 0; k < i; k++)
            assert_string_not_equal(catalogue[k].name, row->name);
    }
}

/* Places that pin the order, and names per family and group. */
static void test_rows(void **state)
{
    (void)state;
    static const struct { uint32_t at; const char *name, *family, *dtypes, *group; int seed; } row[] = {
        { 0, "placeholder", "misc", "", "placeholder", 4 },
        { 24, "kernel_mul_mv_id_q6_K_f32", "MoE matmul, ggml", "q6_K x f32 -> f32", "quantized_matmul_id_ggml", 4 },
        { 76, "sdpa", "attention", "f32", "sdpa", 4 },
        { 103, "rms_norm_bf16", "norm", "bf16", "rms_norm", 4 },
        { 184, "sdpa_decode", "attention decode", "f32", "sdpa_decode", 4 },
        { 185, "flash_attn_prefill_bf16_d256", "attention prefill", "bf16, additive bf16 mask", "flash_attn_prefill",
          0 },
        { 195, "gated_delta_net_recompute_wu_bf16", "SSM, GDN", "bf16, f32 gates/A", "gated_delta_net_recompute_wu",
          2 },
        { 201, "aura_flash_p1_causal_kb4_vb2_d64", "attention decode", "f32, f16 or bf16; packed codes",
          "aura_flash_p1", 3 },
    };
    for (size_t i = 0; i < MXB_COUNT(row); i++) {
        assert_string_equal(catalogue[row[i].at].name, row[i].name);
        assert_string_equal(catalogue[row[i].at].family, row[i].family);
        assert_string_equal(catalogue[row[i].at].dtypes, row[i].dtypes);
        assert_string_equal(catalogue[row[i].at].group, row[i].group);
        assert_int_equal(catalogue[row[i].at].seed, row[i].seed);
    }
    static const struct { const char *family; uint32_t count; } family[] = {
        { "norm", 21 }, { "matmul, ggml block quant", 11 }, { "MoE matmul, ggml", 10 }, { "attention prefill", 10 },
        { "KV cache", 9 }, { "attention decode", 9 }, { "matmul, dense", 9 }, { "elementwise", 8 }, { "RoPE", 7 },
    };
    for (size_t f = 0; f < MXB_COUNT(family); f++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < 185; i++)
            n += strcmp(catalogue[i].family, family[f].family) == 0;
        assert_int_equal(n, family[f].count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts), cmocka_unit_test(test_names), cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
