/* Evaluation of compiled expressions: a stack machine over int64 and double; every overflow, NaN and division by zero
 * is an error. */
#include "harness/expr_code.h"
#include "harness/mxb_types.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool truth(struct val v) { return v.is_float ? v.d != 0 : v.i != 0; }

/* The operation functions return NULL or what is wrong. */
static const char *finite_val(double d, struct val *out)
{
    *out = val_float(d);
    return isnan(d) ? "not a number" : isinf(d) ? "overflow" : NULL;
}

static const char *int_val(int64_t i, struct val *out)
{
    *out = val_int(i);
    return NULL;
}

static const char *checked(bool overflow) { return overflow ? "overflow" : NULL; }

static const char *arith_float(enum code code, double a, double b, struct val *out)
{
    switch (code) {
    case C_ADD: return finite_val(a + b, out);
    case C_SUB: return finite_val(a - b, out);
    case C_MUL: return finite_val(a * b, out);
    case C_DIV: return b == 0 ? "division by zero" : finite_val(a / b, out);
    default:    return code == C_MOD ? "'%' needs integers" : "cdiv needs integers";
    }
}

static const char *arith(enum code code, struct val a, struct val b, struct val *out)
{
    if (a.is_float || b.is_float) return arith_float(code, val_double(a), val_double(b), out);
    out->is_float = false;
    switch (code) {
    case C_ADD: return checked(__builtin_add_overflow(a.i, b.i, &out->i));
    case C_SUB: return checked(__builtin_sub_overflow(a.i, b.i, &out->i));
    case C_MUL: return checked(__builtin_mul_overflow(a.i, b.i, &out->i));
    default: break;
    }
    if (b.i == 0) return "division by zero";
    if (b.i == -1 && code != C_MOD) return checked(__builtin_sub_overflow(0, a.i, &out->i));
    if (code == C_MOD) return int_val(b.i == -1 ? 0 : a.i % b.i, out);
    const bool up = code == C_CDIV && a.i % b.i != 0 && (a.i < 0) == (b.i < 0);
    return int_val(a.i / b.i + up, out);
}

static bool compare(enum code code, struct val a, struct val b)
{
    const bool f = a.is_float || b.is_float;
    const double x = val_double(a), y = val_double(b);
    const bool less = f ? x < y : a.i < b.i, equal = f ? x == y : a.i == b.i;
    switch (code) {
    case C_EQ: return equal;
    case C_NE: return !equal;
    case C_LT: return less;
    case C_LE: return less || equal;
    case C_GT: return !less && !equal;
    default:   return !less;
    }
}

static struct val pick(enum code code, struct val a, struct val b)
{
    const bool a_less = compare(C_LT, a, b), first = code == C_MIN ? a_less : !a_less;
    const struct val v = first ? a : b;
    return a.is_float || b.is_float ? val_float(val_double(v)) : v;
}

/* Calls with one integer argument. */
static const char *bit_call(enum code code, struct val a, struct val *out)
{
    if (a.is_float) return "pow2, log2 and np2 need an integer";
    int64_t r = 1;
    switch (code) {
    case C_POW2:
        if (a.i < 0) return "pow2 of a negative number";
        return a.i > 62 ? "overflow" : int_val(INT64_C(1) << a.i, out);
    case C_LOG2:
        if (a.i <= 0) return "log2 of a number that is not positive";
        return int_val(63 - __builtin_clzll((unsigned long long)a.i), out);
    default:
        if (a.i > INT64_C(1) << 62) return "overflow";
        while (r < a.i) r *= 2;
        return int_val(r, out);
    }
}

static const char *unary(enum code code, struct val a, struct val *out)
{
    *out = a;
    switch (code) {
    case C_NOT:  return int_val(!truth(a), out);
    case C_BOOL: return int_val(truth(a), out);
    case C_ABS:
        if (a.is_float ? a.d >= 0 : a.i >= 0) return NULL;
        /* fall through */
    case C_NEG:
        if (a.is_float) return finite_val(-a.d, out);
        return checked(__builtin_sub_overflow(0, a.i, &out->i));
    case C_SQRT: return val_double(a) < 0 ? "sqrt of a negative number" : finite_val(sqrt(val_double(a)), out);
    default:     return bit_call(code, a, out);
    }
}

static const char *binary(enum code code, struct val a, struct val b, struct val *out)
{
    switch (code) {
    case C_EQ: case C_NE: case C_LT: case C_LE: case C_GT: case C_GE: return int_val(compare(code, a, b), out);
    case C_MIN: case C_MAX:
        *out = pick(code, a, b);
        return NULL;
    default: return arith(code, a, b, out);
    }
}

int expr_eval(const struct expr *e, const struct val *vals, struct val *out, char *err, size_t errlen)
{
    struct val stack[EXPR_MAX_STACK], *top = stack;   /* top: next free slot */
    const char *wrong = NULL;
    for (uint32_t pc = 0; pc < e->n && !wrong; pc++) {
        const struct step *s = &e->step[pc];
        switch (s->code) {
        case C_INT:   *top++ = val_int(s->u.i); break;
        case C_FLOAT: *top++ = val_float(s->u.d); break;
        case C_VAR:
            *top++ = vals[s->u.at];
            if (top[-1].is_float) wrong = finite_val(top[-1].d, &top[-1]);
            break;
        case C_AND: case C_OR: {
            const bool t = truth(top[-1]);
            if (t == (s->code == C_OR)) {
                top[-1] = val_int(t);
                pc = s->u.at - 1;
            } else {
                top--;
            }
            break;
        }
        case C_IFNOT: if (!truth(*--top)) pc = s->u.at - 1; break;
        case C_JUMP:  pc = s->u.at - 1; break;
        case C_NEG: case C_NOT: case C_BOOL: case C_ABS: case C_POW2: case C_LOG2: case C_NP2: case C_SQRT:
            wrong = unary(s->code, top[-1], &top[-1]);
            break;
        default:
            top--;
            wrong = binary(s->code, top[-1], top[0], &top[-1]);
        }
    }
    if (wrong) {
        snprintf(err, errlen, "%s", wrong);
        return MXB_EINVAL;
    }
    assert(top == stack + 1);
    *out = stack[0];
    return 0;
}

bool expr_uses(const struct expr *e, uint32_t name_index)
{
    for (uint32_t i = 0; i < e->n; i++)
        if (e->step[i].code == C_VAR && e->step[i].u.at == name_index) return true;
    return false;
}

void expr_free(struct expr *e) { free(e); }
