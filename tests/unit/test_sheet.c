/* Tests of rows and columns in four formats, against texts written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "harness/mxb_types.h"
#include "harness/sheet.h"

static const struct sheet_column columns[] = { { "name", "name" }, { "ns", "time" }, { NULL, "note" }, { "why", NULL } };

static char *printed(const struct sheet *s, enum sheet_format format)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    sheet_print(s, format, f);
    fclose(f);
    return text;
}

static void expect(const struct sheet *s, enum sheet_format format, const char *want)
{
    char *got = printed(s, format);
    assert_string_equal(got, want);
    free(got);
}

static void four_formats(void **unused)
{
    (void)unused;
    struct sheet s = { .column = columns, .ncolumn = MXB_COUNT(columns) };
    sheet_text(&s, "a|b, \"c\"");
    sheet_number(&s, 0.1, "0.1 µs");
    sheet_text(&s, "x");
    sheet_text(&s, "");
    sheet_text(&s, "é");
    sheet_number(&s, NAN, "");
    sheet_text(&s, "long note");
    sheet_text(&s, "two\nlines");
    assert_false(s.failed);
    expect(&s, SHEET_TABLE, "name        time  note\n"
                            "a|b, \"c\"  0.1 µs  x\n"
                            "é                 long note\n");
    expect(&s, SHEET_MARKDOWN, "| name | time | note |\n|---|---:|---|\n| a\\|b, \"c\" | 0.1 µs | x |\n| é |  | long note |\n");
    expect(&s, SHEET_JSON, "{\"name\":\"a|b, \\\"c\\\"\",\"ns\":0.1,\"why\":null}\n"
                           "{\"name\":\"é\",\"ns\":null,\"why\":\"two\\nlines\"}\n");
    expect(&s, SHEET_CSV, "name,ns,why\r\n\"a|b, \"\"c\"\"\",0.1,\r\né,,\"two\nlines\"\r\n");
    sheet_free(&s);
}

static void no_rows(void **unused)
{
    (void)unused;
    const struct sheet s = { .column = columns, .ncolumn = MXB_COUNT(columns) };
    expect(&s, SHEET_TABLE, "name  time  note\n");
    expect(&s, SHEET_JSON, "");
    expect(&s, SHEET_CSV, "name,ns,why\r\n");
}

/* What programs read is the very number. */
static void numbers(void **unused)
{
    (void)unused;
    static const double value[] = { 1.0 / 3, 1e300, 5e-324, -0.0, 123456789012345678.0, 0.1 };
    struct sheet s = { .column = (const struct sheet_column[]){ { "v", NULL } }, .ncolumn = 1 };
    for (size_t i = 0; i < MXB_COUNT(value); i++) sheet_number(&s, value[i], "");
    sheet_number(&s, INFINITY, "");
    for (size_t i = 0; i < MXB_COUNT(value); i++) assert_true(strtod(s.cell[i].program, NULL) == value[i]);
    assert_null(s.cell[MXB_COUNT(value)].program);
    sheet_free(&s);
}

static void times(void **unused)
{
    (void)unused;
    static const struct { double ns; const char *text; } row[] = {
        { 1, "1.000 ns" }, { 999, "999.0 ns" }, { 1000, "1.000 us" }, { 12345, "12.35 us" }, { 1.5e6, "1.500 ms" },
        { 2e9, "2.000 s" }, { 7.25e12, "7250.0 s" } };
    char out[16];
    for (size_t i = 0; i < MXB_COUNT(row); i++) assert_string_equal(people_time(row[i].ns, out), row[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(four_formats), cmocka_unit_test(no_rows), cmocka_unit_test(numbers),
                                        cmocka_unit_test(times) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
