/* Expressions: values, precedence, every error with its column, and the limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/expr.h"
#include "harness/mxb_types.h"

static const char *const names[] = { "a", "b", "zero", "big", "least", "half", "max", "nan" };
static const struct expr_sym syms[] = { { "none", 0 }, { "rank2", 1 }, { "a", 99 }, { "low", -5 } };
enum { NNAMES = 8 };

static void variables(struct val v[NNAMES])
{
    const struct val all[NNAMES] = { val_int(7), val_int(-3), val_int(0), val_int(INT64_MAX), val_int(INT64_MIN),
                                     val_float(0.5), val_int(11), val_float(NAN) };
    memcpy(v, all, sizeof all);
}

static int run(const char *text, struct val *out, int *col, char *err)
{
    struct val v[NNAMES];
    struct expr *e;
    variables(v);
    int rc = expr_compile(text, names, NNAMES, syms, MXB_COUNT(syms), &e, col, err, MXB_ERRLEN);
    if (rc) {
        assert_null(e);
        return rc;
    }
    rc = expr_eval(e, v, out, err, MXB_ERRLEN);
    expr_free(e);
    return rc;
}

static void test_integers(void **state)
{
    (void)state;
    static const struct { const char *text; int64_t want; } table[] = {
        { "1", 1 }, { " 0x1F ", 31 }, { "9223372036854775807", INT64_MAX }, { "a", 7 }, { "rank2", 1 }, { "low", -5 },
        { "true", 1 }, { "false", 0 },
        { "1 + 2 * 3", 7 }, { "(1 + 2) * 3", 9 }, { "10 - 3 - 2", 5 }, { "100 / 10 / 5", 2 }, { "7 % 4 * 2", 6 },
        { "2 * 7 % 4", 2 }, { "-a + 8", 1 }, { "- -a", 7 }, { "-7 / 2", -3 }, { "-7 % 2", -1 }, { "7 / -2", -3 },
        { "least / 1", INT64_MIN }, { "least % -1", 0 }, { "big + least", -1 }, { "-big - 1", INT64_MIN },
        { "1 < 2", 1 }, { "2 < 1", 0 }, { "2 <= 2", 1 }, { "2 >= 3", 0 }, { "3 > 2", 1 }, { "a == 7", 1 },
        { "a != 7", 0 }, { "1 + 1 == 2", 1 }, { "a == 7 && b == -3", 1 }, { "0 || 2", 1 }, { "3 && 2", 1 },
        { "0 || 0", 0 }, { "1 && 0", 0 },
        { "1 || 0 && 0", 1 }, { "!0 && !0", 1 }, { "!a == 0", 1 }, { "not a", 0 }, { "not zero and a > 1 or 0", 1 },
        { "zero != 0 && 5 / zero == 1", 0 }, { "zero == 0 || 5 / zero == 1", 1 }, { "zero ? 1 / zero : 4", 4 },
        { "1 ? 2 : 3", 2 }, { "0 ? 2 : 0 ? 3 : 4", 4 }, { "1 ? 0 ? 5 : 6 : 7", 6 }, { "a > 1 ? a * 2 : b", 14 },
        { "(1 ? 2 : 3) + 10", 12 }, { "1 ? 2 : 3 + 10", 2 },
        { "cdiv(7, 2)", 4 }, { "cdiv(8, 2)", 4 }, { "cdiv(-7, 2)", -3 }, { "cdiv(7, -2)", -3 }, { "cdiv(-7, -2)", 4 },
        { "cdiv(0, 5)", 0 }, { "min(3, -4)", -4 }, { "max(3, -4)", 3 }, { "min(a, min(2, 3))", 2 }, { "abs(b)", 3 },
        { "abs(4)", 4 }, { "max", 11 }, { "max (1, max)", 11 }, { "pow2(0)", 1 }, { "pow2(62)", INT64_C(1) << 62 },
        { "log2(1)", 0 }, { "log2(1023)", 9 }, { "log2(1024)", 10 }, { "log2(big)", 62 },
        { "np2(0)", 1 }, { "np2(-5)", 1 }, { "np2(1)", 1 }, { "np2(5)", 8 }, { "np2(8)", 8 },
        { "np2(4611686018427387904)", INT64_C(1) << 62 }, { "(half > 0) * 3", 3 }, { "half == 0.5", 1 },
        { "1 < half", 0 },
    };
    for (size_t i = 0; i < MXB_COUNT(table); i++) {
        char err[MXB_ERRLEN] = "";
        struct val got = val_float(NAN);
        const int rc = run(table[i].text, &got, NULL, err);
        if (rc || got.is_float || got.i != table[i].want)
            fail_msg("%s: rc %d, %s %" PRId64 ", wanted %" PRId64 " %s", table[i].text, rc,
                     got.is_float ? "float" : "int", got.i, table[i].want, err);
    }
}

static void test_floats(void **state)
{
    (void)state;
    static const struct { const char *text; double want; } table[] = {
        { "1.5", 1.5 }, { ".25", 0.25 }, { "2.", 2 }, { "1e3", 1000 }, { "2.5e-2", 0.025 }, { "1 / 2.0", 0.5 },
        { "a / 2", 3 },
        { "a * 1.0 / 2", 3.5 }, { "sqrt(16)", 4 }, { "1/sqrt(64)", 0.125 }, { "-half", -0.5 }, { "abs(-half)", 0.5 },
        { "abs(half)", 0.5 }, { "min(1, 0.5)", 0.5 }, { "max(2, 0.5)", 2 }, { "half - 1", -0.5 },
        { "1 ? half : 2", 0.5 },
    };
    for (size_t i = 0; i < MXB_COUNT(table); i++) {
        char err[MXB_ERRLEN] = "";
        struct val got = val_int(0);
        const int rc = run(table[i].text, &got, NULL, err);
        const bool integer = strcmp(table[i].text, "a / 2") == 0;     /* two integers stay one */
        if (rc || got.is_float == integer || val_double(got) != table[i].want)
            fail_msg("%s: rc %d, got %g, wanted %g %s", table[i].text, rc, val_double(got), table[i].want, err);
    }
}

static void test_syntax_errors(void **state)
{
    (void)state;
    static const struct { const char *text; int col; const char *err; } table[] = {
        { "", 1, "expected a value, but the expression ends" },
        { "  ", 3, "expected a value, but the expression ends" },
        { "1 +", 4, "expected a value, but the expression ends" },
        { "1 2", 3, "expected an operator, got '2'" },
        { "(1", 3, "expected ')', but the expression ends" },
        { "1)", 2, "expected an operator, got ')'" },
        { "* 2", 1, "expected a value, got '*'" },
        { "1 ? 2", 6, "expected ':', but the expression ends" },
        { "a = 7", 3, "'=' is not an operator, write '=='" },
        { "a & 7", 3, "'&' is not an operator, write '&&'" },
        { "a | 7", 3, "'|' is not an operator, write '||'" },
        { "a $ 7", 3, "unexpected character '$'" },
        { "a \x01 7", 3, "unexpected character '\\x01'" },
        { "a \xc3\xa4 7", 3, "unexpected character '\xc3\xa4'" },
        { "a \xff 7", 3, "unexpected character '\\xff'" },
        { "a < b < 2", 7, "comparisons do not chain, write a < b && b < c" },
        { "a == b != 2", 8, "comparisons do not chain, write a < b && b < c" },
        { "haf + 1", 1, "unknown name 'haf', did you mean 'half'?" },
        { "1 + rank3", 5, "unknown name 'rank3', did you mean 'rank2'?" },
        { "9223372036854775808", 1, "number '9223372036854775808' is too large" },
        { "1e999", 1, "number '1e999' is too large" },
        { "12x", 1, "'12x' is not a number" },
        { "1.2.3", 1, "'1.2.' is not a number" },
        { "0x", 1, "'0x' is not a number" },
        { "1e+", 1, "'1e+' is not a number" },
        { "sqr(4)", 1, "unknown function 'sqr', did you mean 'sqrt'?" },
        { "a(4)", 1, "unknown function 'a' (known: cdiv, min, max, abs, pow2, log2, np2, sqrt)" },
        { "min(4)", 6, "expected ',', got ')'" },
        { "min(4, 5, 6)", 9, "expected ')', got ','" },
        { "abs()", 5, "expected a value, got ')'" },
        { "abs(1", 6, "expected ')', but the expression ends" },
    };
    for (size_t i = 0; i < MXB_COUNT(table); i++) {
        char err[MXB_ERRLEN] = "";
        struct val got;
        int col = 0;
        const int rc = run(table[i].text, &got, &col, err);
        if (rc != MXB_EPARSE || col != table[i].col || strcmp(err, table[i].err) != 0)
            fail_msg("%s: rc %d, column %d, \"%s\"", table[i].text, rc, col, err);
    }
}

static void test_evaluation_errors(void **state)
{
    (void)state;
    static const struct { const char *text, *err; } table[] = {
        { "1 / zero", "division by zero" }, { "1 % zero", "division by zero" }, { "cdiv(1, zero)", "division by zero" },
        { "1.0 / zero", "division by zero" }, { "1 / 0.0", "division by zero" }, { "big + 1", "overflow" },
        { "least - 1", "overflow" }, { "big * 2", "overflow" }, { "-least", "overflow" }, { "abs(least)", "overflow" },
        { "least / -1", "overflow" }, { "cdiv(least, -1)", "overflow" }, { "pow2(63)", "overflow" },
        { "pow2(big)", "overflow" }, { "np2(big)", "overflow" }, { "1e308 * 10", "overflow" },
        { "pow2(-1)", "pow2 of a negative number" }, { "log2(0)", "log2 of a number that is not positive" },
        { "log2(-4)", "log2 of a number that is not positive" }, { "sqrt(-1)", "sqrt of a negative number" },
        { "5.0 % 2", "'%' needs integers" }, { "cdiv(5.0, 2)", "cdiv needs integers" },
        { "pow2(half)", "pow2, log2 and np2 need an integer" }, { "np2(half)", "pow2, log2 and np2 need an integer" },
        { "nan > 1", "not a number" }, { "nan", "not a number" },
    };
    for (size_t i = 0; i < MXB_COUNT(table); i++) {
        char err[MXB_ERRLEN] = "";
        struct val got;
        const int rc = run(table[i].text, &got, NULL, err);
        if (rc != MXB_EINVAL || strcmp(err, table[i].err) != 0) fail_msg("%s: rc %d, \"%s\"", table[i].text, rc, err);
    }
}

/* Text of `n` times `piece`, then `tail`. */
static char *repeat(const char *piece, size_t n, const char *tail)
{
    const size_t len = strlen(piece);
    char *s = malloc(n * len + strlen(tail) + 1);
    assert_non_null(s);
    for (size_t i = 0; i < n; i++) memcpy(s + i * len, piece, len);
    strcpy(s + n * len, tail);
    return s;
}

static void test_limits(void **state)
{
    (void)state;
    char err[MXB_ERRLEN] = "", closing[80] = "1";
    struct val got = val_int(0);
    char *flat = repeat("1+", 16000, "1");           /* long but not deep */
    assert_int_equal(run(flat, &got, NULL, err), 0);
    assert_int_equal(got.i, 16001);
    char *logic = repeat("0||", 10000, "1");
    assert_int_equal(run(logic, &got, NULL, err), 0);
    assert_int_equal(got.i, 1);
    char *longer = repeat("1+", 16384, "1");
    assert_int_equal(run(longer, &got, NULL, err), MXB_EPARSE);
    assert_string_equal(err, "expression longer than 32768 bytes");
    static const struct { const char *piece; size_t n; int rc; } deep[] = {
        { "(", 63, 0 }, { "(", 64, MXB_EPARSE }, { "-", 63, 0 }, { "-", 64, MXB_EPARSE }, { "!", 30000, MXB_EPARSE },
        { "(", 30000, MXB_EPARSE }, { "1+(", 63, 0 }, { "1<1+1*(", 63, 0 }, { "1?1:", 63, 0 },
        { "1?1:", 64, MXB_EPARSE },
        { "1?", 8000, MXB_EPARSE }, { "abs(", 8000, MXB_EPARSE },
    };
    for (size_t i = 0; i < MXB_COUNT(deep); i++) {
        closing[1] = 0;
        if (deep[i].rc == 0 && strchr(deep[i].piece, '('))
            for (size_t k = 0; k < deep[i].n; k++) strcat(closing, ")");
        char *s = repeat(deep[i].piece, deep[i].n, closing);
        const int rc = run(s, &got, NULL, err);
        if (rc != deep[i].rc || (rc && strcmp(err, "expression too deep") != 0))
            fail_msg("%zu times %s: rc %d, \"%s\"", deep[i].n, deep[i].piece, rc, err);
        free(s);
    }
    free(flat);
    free(logic);
    free(longer);
}

static void test_uses(void **state)
{
    (void)state;
    char err[MXB_ERRLEN];
    struct expr *e;
    const char *text = "a + max(half, 2) * none";
    assert_int_equal(expr_compile(text, names, NNAMES, syms, MXB_COUNT(syms), &e, NULL, err, sizeof err), 0);
    assert_true(expr_uses(e, 0));
    assert_false(expr_uses(e, 1));
    assert_true(expr_uses(e, 5));
    assert_false(expr_uses(e, 6));                   /* max is a call here */
    expr_free(e);
    expr_free(NULL);
}

/* Whatever the bytes are: a value or a one-line error whose column lies in the text. */
static void test_any_text(void **state)
{
    (void)state;
    static const char alphabet[] = "ab01(),?:+-*/%<>=!&| .xe\n\xc3";
    uint32_t x = 12345;
    for (int i = 0; i < 20000; i++) {
        char text[24], err[MXB_ERRLEN] = "";
        struct val got;
        int col = 1;
        const size_t len = (size_t)i % (sizeof text - 1);
        for (size_t k = 0; k < len; k++) {
            x = x * 1664525 + 1013904223;
            text[k] = alphabet[(x >> 16) % (sizeof alphabet - 1)];
        }
        text[len] = 0;
        const int rc = run(text, &got, &col, err);
        if (rc == 0) continue;
        assert_true(rc == MXB_EPARSE || rc == MXB_EINVAL);
        assert_true(err[0] != 0 && !strchr(err, '\n') && col >= 1 && col <= (int)len + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers), cmocka_unit_test(test_floats), cmocka_unit_test(test_syntax_errors),
        cmocka_unit_test(test_evaluation_errors), cmocka_unit_test(test_limits), cmocka_unit_test(test_uses),
        cmocka_unit_test(test_any_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
