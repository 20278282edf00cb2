/* Fuzzes the expression evaluator: any text compiles and gives a value or an error, the same one each time. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/expr.h"
#include "harness/mxb_types.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    static const char *const name[] = { "a", "rows", "n_heads", "x" };
    static const struct expr_sym sym[] = { { "none", 0 }, { "rank2", 1 } };
    const struct val vals[] = { val_int(7), val_int(INT64_MAX), val_int(-3), val_float(0.5) };
    char *text = malloc(n + 1), err[MXB_ERRLEN] = "";
    struct expr *e = NULL;
    int col = -1;
    if (!text) return 0;
    memcpy(text, data, n);
    text[n] = 0;
    if (expr_compile(text, name, MXB_COUNT(name), sym, MXB_COUNT(sym), &e, &col, err, sizeof err)) {
        assert(*err && !strchr(err, '\n') && col >= 1 && (size_t)col <= strlen(text) + 1 && !e);
    } else {
        struct val v = val_int(0), w = val_int(0);
        const int rc = expr_eval(e, vals, &v, err, sizeof err);
        assert(rc == expr_eval(e, vals, &w, err, sizeof err));
        assert(rc ? *err != 0 : v.is_float == w.is_float && (v.is_float ? v.d == w.d && !isnan(v.d) : v.i == w.i));
        expr_free(e);
    }
    free(text);
    return 0;
}
