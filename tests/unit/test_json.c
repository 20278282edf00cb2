/* Tests of harness/json.c: exact text, escapes, broken UTF-8, numbers that read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/json.h"
#include "harness/mxb_types.h"

static void expect(struct json *j, const char *want)
{
    char *text;
    assert_int_equal(json_finish(j, &text), 0);
    assert_string_equal(text, want);
    free(text);
}

static void written(const char *value, const char *want)
{
    struct json j = { 0 };
    json_string(&j, NULL, value);
    expect(&j, want);
}

static void number(double value, const char *want)
{
    struct json j = { 0 };
    json_double(&j, NULL, value);
    expect(&j, want);
}

static void members(struct json *j)
{
    json_object(j, NULL);
    json_string(j, "op", "rms_norm");
    json_uint(j, "big", UINT64_MAX);
    json_int(j, "small", INT64_MIN);
    json_array(j, "shape");
    json_int(j, NULL, 2);
    json_int(j, NULL, 3);
    json_end(j);
    json_object(j, "empty");
    json_end(j);
    json_array(j, "none");
    json_end(j);
    json_array(j, "rows");
    json_object(j, NULL);
    json_bool(j, "ok", true);
    json_end(j);
    json_object(j, NULL);
    json_bool(j, "ok", false);
    json_null(j, "why");
    json_end(j);
    json_end(j);
    json_raw(j, "params", "{\"a\":1}");
    json_string(j, "nothing", NULL);
    json_end(j);
}

static const char compact[] =
    "{\"op\":\"rms_norm\",\"big\":18446744073709551615,\"small\":-9223372036854775808,\"shape\":[2,3],\"empty\":{},"
    "\"none\":[],\"rows\":[{\"ok\":true},{\"ok\":false,\"why\":null}],\"params\":{\"a\":1},\"nothing\":null}";

static void nesting(void **unused)
{
    (void)unused;
    struct json j = { 0 };
    members(&j);
    expect(&j, compact);
    members(&j);                                     /* a finished writer can be used again */
    expect(&j, compact);

    struct json indented = { .indent = 2 };
    json_object(&indented, NULL);
    json_array(&indented, "a");
    json_int(&indented, NULL, 1);
    json_object(&indented, NULL);
    json_int(&indented, "b", 2);
    json_end(&indented);
    json_end(&indented);
    json_object(&indented, "c");
    json_end(&indented);
    json_end(&indented);
    expect(&indented, "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2\n    }\n  ],\n  \"c\": {}\n}\n");
}

static void deep_indent(void **unused)
{
    (void)unused;
    struct json j = { .indent = 7 };                 /* more spaces than one piece of padding holds */
    for (int i = 0; i < JSON_MAX_DEPTH; i++) json_array(&j, NULL);
    json_int(&j, NULL, 5);
    for (int i = 0; i < JSON_MAX_DEPTH; i++) json_end(&j);
    char *text;
    assert_int_equal(json_finish(&j, &text), 0);
    const char *five = strchr(text, '5');
    assert_non_null(five);
    int spaces = 0;
    while (five[-1 - spaces] == ' ') spaces++;
    assert_int_equal(spaces, 7 * JSON_MAX_DEPTH);
    free(text);
}

static void escapes(void **unused)
{
    (void)unused;
    written("", "\"\"");
    written("a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
    written("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
    written("\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\"");
    written("gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x9A\x80", "\"gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x9A\x80\"");
    struct json j = { 0 };
    json_object(&j, NULL);
    json_int(&j, "k\"\n", 1);
    json_end(&j);
    expect(&j, "{\"k\\\"\\n\":1}");
}

/* Limits of well-formed UTF-8 and, broken forms: one U+FFFD for each byte. */
static void broken_utf8(void **unused)
{
    (void)unused;
#define R "\xEF\xBF\xBD"
    written("\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xF0\x90\x80\x80\xF4\x8F\xBF\xBF",
                  "\"\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\"");
    written("a\x80z", "\"a" R "z\"");                       /* continuation alone */
    written("\xC0\xAF", "\"" R R "\"");                     /* overlong */
    written("\xE0\x9F\xBF", "\"" R R R "\"");
    written("\xF0\x8F\xBF\xBF", "\"" R R R R "\"");
    written("\xED\xA0\x80", "\"" R R R "\"");               /* surrogate */
    written("\xF4\x90\x80\x80", "\"" R R R R "\"");         /* above U+10FFFF */
    written("\xF5\xFF", "\"" R R "\"");
    written("\xE2\x82", "\"" R R "\"");                     /* cut off */
    written("\xE2\x82\"", "\"" R R "\\\"\"");
    written("\xF0\x9F\x9A", "\"" R R R "\"");
    written("\xF0\x9Fx\xC3", "\"" R R "x" R "\"");
}

static void numbers(void **unused)
{
    (void)unused;
    number(0, "0");
    number(-0.0, "-0");
    number(0.1, "0.1");
    number(1e6, "1000000");
    number(1.0 / 3, "0.3333333333333333");
    number(0.1 + 0.2, "0.30000000000000004");
    number(DBL_MAX, "1.7976931348623157e+308");
    number(5e-324, "4.94065645841247e-324");
    number(NAN, "null");
    number(INFINITY, "null");
    number(-INFINITY, "null");
    uint64_t bits = 12345;
    for (int i = 0; i < 2000; i++) {
        double v, back;
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        memcpy(&v, &bits, sizeof v);
        if (!isfinite(v)) continue;
        struct json j = { 0 };
        json_double(&j, NULL, v);
        char *text;
        assert_int_equal(json_finish(&j, &text), 0);
        back = strtod(text, NULL);
        assert_memory_equal(&back, &v, sizeof v);
        free(text);
    }
}

static void to_a_file(void **unused)
{
    (void)unused;
    FILE *f = tmpfile();
    assert_non_null(f);
    struct json j = { .file = f };
    members(&j);
    assert_int_equal(json_finish(&j, NULL), 0);
    char got[1024];
    rewind(f);
    const size_t n = fread(got, 1, sizeof got - 1, f);
    got[n] = '\0';
    assert_string_equal(got, compact);
    fclose(f);

    f = fopen("/dev/full", "w");
    if (!f) skip();
    j = (struct json){ .file = f };
    members(&j);
    assert_int_equal(json_finish(&j, NULL), MXB_EINVAL);
    fclose(f);
}

static void long_text(void **unused)
{
    (void)unused;
    struct json j = { 0 };
    json_array(&j, NULL);
    for (int i = 0; i < 20000; i++) json_int(&j, NULL, 7);
    json_end(&j);
    char *text;
    assert_int_equal(json_finish(&j, &text), 0);
    assert_int_equal(strlen(text), 2 * 20000 + 1);
    free(text);
    json_int(&j, NULL, 1);                           /* text that nobody takes is freed */
    assert_int_equal(json_finish(&j, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nesting),     cmocka_unit_test(deep_indent), cmocka_unit_test(escapes),
        cmocka_unit_test(broken_utf8), cmocka_unit_test(numbers),     cmocka_unit_test(to_a_file),
        cmocka_unit_test(long_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
