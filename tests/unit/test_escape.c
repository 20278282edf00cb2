/* Escaping for the formats of reports, and text in columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "harness/columns.h"
#include "harness/escape.h"
#include "harness/mxb_types.h"

static char *escaped(enum escape how, const char *text)
{
    static char out[512];
    char *data = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&data, &n);
    assert_non_null(f);
    put_escaped(f, how, text);
    fclose(f);
    snprintf(out, sizeof out, "%s", data);
    free(data);
    return out;
}

static void test_escape(void **state)
{
    static const struct { enum escape how; const char *in, *out; } row[] = {
        { ESC_XML, "a<b>&\"c\"'d'", "a&lt;b&gt;&amp;&quot;c&quot;&#39;d&#39;" },
        { ESC_XML, "]]> \x1b[31m\x01", "]]&gt;  [31m " },
        { ESC_XML, "ä→日本", "ä→日本" },
        { ESC_XML, "\xff\xc3(", "\xEF\xBF\xBD\xEF\xBF\xBD(" },
        { ESC_XML, "\xef\xbf\xbe", "\xEF\xBF\xBD" },             /* U+FFFE is no character of XML */
        { ESC_XML, NULL, "" },
        { ESC_CSV, "plain", "plain" },
        { ESC_CSV, "a,b", "\"a,b\"" },
        { ESC_CSV, "say \"x\"", "\"say \"\"x\"\"\"" },
        { ESC_CSV, "two\nlines", "\"two\nlines\"" },
        { ESC_CSV, " edge", "\" edge\"" },
        { ESC_MARKDOWN, "a|b*c_d`e<f", "a\\|b\\*c_d\\`e&lt;f" },
        { ESC_MARKDOWN, "_x_ a\nb", "\\_x\\_ a b" },
        { ESC_GNUPLOT, "it's %d \\n", "it''s %d \\n" },
        { ESC_GNUPLOT, "a\nb", "a b" },
        { ESC_LINE, "a\tb\nc", "a b c" },
        { ESC_TAP, "a # SKIP \\ \"b\"\nok 1", "a \\# SKIP \\\\ \"b\" ok 1" },
        { ESC_YAML, "a # \\ \"b\"\n...", "a # \\\\ \\\"b\\\" ..." },
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(row); i++) assert_string_equal(escaped(row[i].how, row[i].in), row[i].out);
}

static void test_columns(void **state)
{
    (void)state;
    assert_int_equal(text_columns("1.00 σ"), 6);
    assert_int_equal(text_columns("日本"), 4);
    assert_int_equal(text_columns("e\xcc\x81"), 1);                /* e with a combining accent */
    assert_int_equal(text_columns("\xff"), 1);
    assert_int_equal(text_columns(""), 0);
    assert_int_equal(text_fit("σσσ", 2), 4);
    assert_int_equal(text_fit("日本", 3), 3);
    assert_int_equal(text_fit("abc", 9), 3);
}

static char *column(const char *text, int columns, int right)
{
    static char out[64];
    memset(out, 0, sizeof out);
    FILE *f = fmemopen(out, sizeof out - 1, "w");
    assert_non_null(f);
    put_column(f, text, columns, right);
    fclose(f);
    return out;
}

static void test_put_column(void **state)
{
    (void)state;
    assert_string_equal(column("σ", 3, 0), "σ  ");
    assert_string_equal(column("σ", 3, 1), "  σ");
    assert_string_equal(column("abcdef", 4, 0), "abc…");
    assert_string_equal(column("日本語", 4, 0), "日… ");             /* a wide character cannot be halved */
    assert_string_equal(column("abcd", 4, 0), "abcd");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_escape), cmocka_unit_test(test_columns),
                                        cmocka_unit_test(test_put_column) };
    return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
