/* Integer and floating expressions of op tables and suites: grids, shapes, constants, limits, `where:`.
 *
 * Grammar, loosest first:  a?b:c  ||  &&  == != < <= > >=  + -  * / %  unary - !  literals names calls ( ).
 * Calls: cdiv(a,b) = ceiling division, min, max, abs, pow2(n), log2(n) = floor, np2(n) = next power of two >= n, sqrt.
 * Integers are int64 and overflow is an error; a decimal point or sqrt makes a double; `/` on two integers truncates;
 * truth is 0 or 1.  `and`, `or`, `not` are accepted for && || !. */
#ifndef MXB_EXPR_H
#define MXB_EXPR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct val { bool is_float; int64_t i; double d; };   /* d is valid when is_float, else i */
static inline struct val val_int(int64_t i) { return (struct val){ false, i, 0 }; }
static inline struct val val_float(double d) { return (struct val){ true, 0, d }; }
static inline double val_double(struct val v) { return v.is_float ? v.d : (double)v.i; }

struct expr;                         /* compiled once, evaluated often; immutable, so threads may share it */

/* names[0..n) are the variables, evaluated from vals[] in the same order.  Symbols sym[0..nsym) are further names with
 * fixed integer values (enum values).  On MXB_EPARSE err says what is wrong, with the nearest known name, and *col (may
 * be NULL) is the 1-based column in text. */
struct expr_sym { const char *name; int64_t value; };
int  expr_compile(const char *text, const char *const *names, uint32_t n, const struct expr_sym *sym, uint32_t nsym,
                  struct expr **out, int *col, char *err, size_t errlen);
/* MXB_EINVAL: division by zero, overflow, NaN; text in err. */
int  expr_eval(const struct expr *e, const struct val *vals, struct val *out, char *err, size_t errlen);
bool expr_uses(const struct expr *e, uint32_t name_index);
void expr_free(struct expr *e);
#endif
