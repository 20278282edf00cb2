/* Hints for misspelt names: near names are found, absurd ones are not offered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "harness/mxb_types.h"
#include "harness/nearest.h"
#include "harness/quote.h"

static const char *const names[] = { "sweep", "params", "rms_norm_f32", "rms_norm_bf16", "flash_attn_prefill", "op",
                                     "BQ", "BK" };

static void test_nearest(void **state)
{
    (void)state;
    static const struct { const char *word, *want; } table[] = {
        { "swep", "sweep" }, { "sweep", "sweep" }, { "SWEEP", "sweep" }, { "sweeep", "sweep" }, { "weesp", "sweep" },
        { "parmas", "params" }, { "rms_norm_f23", "rms_norm_f32" }, { "rms_norm_b16", "rms_norm_bf16" },
        { "flash", "flash_attn_prefill" }, { "rms", "rms_norm_f32" },        /* the shorter of two that begin so */
        { "bq", "BQ" }, { "BX", "BQ" }, { "po", "op" },
        { "x", NULL }, { "xy", NULL }, { "zzzzz", NULL }, { "", NULL }, { "entirely_different", NULL },
    };
    for (size_t i = 0; i < MXB_COUNT(table); i++) {
        const char *got = nearest_name(table[i].word, names, MXB_COUNT(names));
        if (table[i].want ? !got || strcmp(got, table[i].want) != 0 : got != NULL)
            fail_msg("%s: got %s, wanted %s", table[i].word, got ? got : "none",
                     table[i].want ? table[i].want : "none");
    }
    assert_null(nearest_name("sweep", names, 0));
    char endless[5000];
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = 0;
    assert_null(nearest_name(endless, names, MXB_COUNT(names)));
}

static void test_hint(void **state)
{
    (void)state;
    static const char *const few[] = { "cpu", "opencl", "vulkan" };
    char err[MXB_ERRLEN] = "unknown 'vulcan'";
    nearest_hint(err, sizeof err, "vulcan", few, 3);
    assert_string_equal(err, "unknown 'vulcan', did you mean 'vulkan'?");
    strcpy(err, "unknown 'metal'");
    nearest_hint(err, sizeof err, "metal", few, 3);
    assert_string_equal(err, "unknown 'metal' (known: cpu, opencl, vulkan)");
    const char *many[40];
    for (size_t i = 0; i < MXB_COUNT(many); i++) many[i] = "some_name";
    strcpy(err, "unknown 'metal'");
    nearest_hint(err, sizeof err, "metal", many, MXB_COUNT(many));
    assert_string_equal(err, "unknown 'metal'");
    nearest_hint(err, sizeof err, "metal", NULL, 0);
    assert_string_equal(err, "unknown 'metal'");
    char small[12] = "unknown";
    nearest_hint(small, sizeof small, "vulcan", few, 3);
    assert_string_equal(small, "unknown, di");
}

static void test_quote(void **state)
{
    (void)state;
    char q[QUOTE_LEN], wide[400];
    assert_string_equal(quote(q, "plain", 5), "'plain'");
    assert_string_equal(quote(q, "", 0), "''");
    assert_string_equal(quote(q, "a\nb\x1b[31m\0c", 10), "'a\\x0ab\\x1b[31m\\x00c'");
    assert_string_equal(quote(q, "\xc3\xa4\xc2\x85\xe2\x80\xae", 7), "'\xc3\xa4\\x85\\u202e'");
    assert_string_equal(quote(q, "\xff\xc3", 2), "'\\xff\\xc3'");
    memset(wide, 'x', sizeof wide);
    quote(q, wide, QUOTE_CHARS);
    assert_int_equal(strlen(q), QUOTE_CHARS + 2);
    quote(q, wide, sizeof wide);
    assert_int_equal(strlen(q), QUOTE_CHARS + 5);
    assert_string_equal(q + QUOTE_CHARS, "x...'");
    for (size_t i = 0; i + 3 <= sizeof wide; i += 3) memcpy(wide + i, "\xe2\x80\xae", 3);   /* the longest escapes */
    quote(q, wide, 399);
    assert_int_equal(strlen(q), 6 * QUOTE_CHARS + 5);
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct { const char *s; size_t n, want; } table[] = {
        { "a", 1, 1 }, { "\0", 1, 1 }, { "\xc3\xa4", 2, 2 }, { "\xe2\x82\xac", 3, 3 }, { "\xf0\x9f\x98\x80", 4, 4 },
        { "\xc3", 1, 0 }, { "\xc3\x28", 2, 0 }, { "\x80", 1, 0 }, { "\xc0\x80", 2, 0 }, { "\xe0\x80\x80", 3, 0 },
        { "\xed\xa0\x80", 3, 0 }, { "\xf4\x90\x80\x80", 4, 0 }, { "\xf5\x80\x80\x80", 4, 0 }, { "", 0, 0 },
    };
    for (size_t i = 0; i < MXB_COUNT(table); i++)
        assert_int_equal(utf8_char(table[i].s, table[i].n, NULL), table[i].want);
    unsigned code = 0;
    utf8_char("\xe2\x82\xac", 3, &code);
    assert_int_equal(code, 0x20ac);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_hint),
        cmocka_unit_test(test_quote),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
