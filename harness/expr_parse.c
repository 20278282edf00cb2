/* Compilation of expressions: recursive descent over the grammar of expr.h, straight into postfix steps. */
#include "harness/expr_code.h"
#include "harness/mxb_types.h"
#include "harness/nearest.h"
#include "harness/quote.h"
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum tok {
    T_END, T_INT, T_FLOAT, T_NAME, T_LPAR, T_RPAR, T_COMMA, T_QUEST, T_COLON, T_NOT,
    T_OR, T_AND, T_EQ, T_NE, T_LT, T_LE, T_GT, T_GE, T_ADD, T_SUB, T_MUL, T_DIV, T_MOD
};
static const struct { char text[4]; enum tok tok; } symbols[] = {   /* two characters before one */
    { "||", T_OR }, { "&&", T_AND }, { "==", T_EQ }, { "!=", T_NE }, { "<=", T_LE }, { ">=", T_GE },
    { "<", T_LT }, { ">", T_GT }, { "+", T_ADD }, { "-", T_SUB }, { "*", T_MUL }, { "/", T_DIV }, { "%", T_MOD },
    { "!", T_NOT }, { "(", T_LPAR }, { ")", T_RPAR }, { ",", T_COMMA }, { "?", T_QUEST }, { ":", T_COLON },
};
enum { LEVEL_NONE, LEVEL_OR, LEVEL_AND, LEVEL_COMPARE, LEVEL_SUM, LEVEL_PRODUCT };
static const struct { int level; enum code code; } binaries[] = {   /* by token */
    [T_OR] = { LEVEL_OR, C_OR },      [T_AND] = { LEVEL_AND, C_AND },
    [T_EQ] = { LEVEL_COMPARE, C_EQ }, [T_NE] = { LEVEL_COMPARE, C_NE }, [T_LT] = { LEVEL_COMPARE, C_LT },
    [T_LE] = { LEVEL_COMPARE, C_LE }, [T_GT] = { LEVEL_COMPARE, C_GT }, [T_GE] = { LEVEL_COMPARE, C_GE },
    [T_ADD] = { LEVEL_SUM, C_ADD },   [T_SUB] = { LEVEL_SUM, C_SUB },
    [T_MUL] = { LEVEL_PRODUCT, C_MUL }, [T_DIV] = { LEVEL_PRODUCT, C_DIV }, [T_MOD] = { LEVEL_PRODUCT, C_MOD },
};
static const char *const call_names[] = { "cdiv", "min", "max", "abs", "pow2", "log2", "np2", "sqrt" };
static const struct { enum code code; int nargs; } calls[] = {      /* by position in call_names */
    { C_CDIV, 2 }, { C_MIN, 2 }, { C_MAX, 2 }, { C_ABS, 1 }, { C_POW2, 1 }, { C_LOG2, 1 }, { C_NP2, 1 }, { C_SQRT, 1 },
};

struct parser {
    const char *text, *next;         /* next: after the current token */
    enum tok tok;
    const char *start;               /* the current token is text of `len` bytes at start */
    size_t len;
    int64_t i; double d;             /* T_INT, T_FLOAT */
    const char *const *name; uint32_t nname;
    const struct expr_sym *sym; uint32_t nsym;
    struct expr *out;                /* room for one step per byte of text, which no grammar rule exceeds */
    int depth, stack;
    int *col;
    char *err; size_t errlen;
};

/* Writes the text of a failure at `at`; always false. */
__attribute__((format(printf, 3, 4)))
static bool fail(struct parser *p, const char *at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->err, p->errlen, fmt, ap);
    va_end(ap);
    if (p->col) *p->col = (int)(at - p->text) + 1;
    return false;
}

static bool unexpected(struct parser *p, const char *wanted)
{
    char q[QUOTE_LEN];
    if (p->tok == T_END) return fail(p, p->start, "expected %s, but the expression ends", wanted);
    return fail(p, p->start, "expected %s, got %s", wanted, quote(q, p->start, p->len));
}

static bool word_is(const struct parser *p, const char *word)
{
    return strlen(word) == p->len && memcmp(p->start, word, p->len) == 0;
}

static bool lex_number(struct parser *p)
{
    char *end = NULL, q[QUOTE_LEN];
    const bool hex = p->start[0] == '0' && (p->start[1] | 0x20) == 'x';
    const char *s = p->start + (hex ? 2 : 0);
    bool is_float = false, bad = false;
    if (hex) {
        while (isxdigit((unsigned char)*s)) s++;
    } else {
        while (isdigit((unsigned char)*s)) s++;
        if (*s == '.') {
            is_float = true;
            for (s++; isdigit((unsigned char)*s); s++) {}
        }
        if ((*s | 0x20) == 'e') {
            is_float = true;
            s += s[1] == '+' || s[1] == '-' ? 2 : 1;
            bad = !isdigit((unsigned char)*s);
            while (isdigit((unsigned char)*s)) s++;
        }
    }
    p->len = (size_t)(s - p->start);
    if (bad || (hex && p->len == 2) || isalnum((unsigned char)*s) || *s == '_' || *s == '.')
        return fail(p, p->start, "%s is not a number", quote(q, p->start, p->len + (*s != 0)));
    errno = 0;
    if (is_float) p->d = strtod(p->start, &end);
    else p->i = strtoll(p->start, &end, hex ? 16 : 10);
    if (errno == ERANGE && (!is_float || p->d > 1))
        return fail(p, p->start, "number %s is too large", quote(q, p->start, p->len));
    p->tok = is_float ? T_FLOAT : T_INT;
    p->next = s;
    return true;
}

static bool lex(struct parser *p)
{
    char q[QUOTE_LEN];
    while (isspace((unsigned char)*p->next)) p->next++;
    p->start = p->next;
    p->len = 1;
    const char *s = p->start;
    if (*s == 0) {
        p->tok = T_END;
        return true;
    }
    if (isdigit((unsigned char)*s) || (*s == '.' && isdigit((unsigned char)s[1]))) return lex_number(p);
    if (isalpha((unsigned char)*s) || *s == '_') {
        while (isalnum((unsigned char)*s) || *s == '_') s++;
        p->len = (size_t)(s - p->start);
        p->tok = word_is(p, "and") ? T_AND : word_is(p, "or") ? T_OR : word_is(p, "not") ? T_NOT : T_NAME;
        p->next = s;
        return true;
    }
    for (size_t i = 0; i < MXB_COUNT(symbols); i++) {
        p->len = strlen(symbols[i].text);
        if (strncmp(s, symbols[i].text, p->len) != 0) continue;
        p->tok = symbols[i].tok;
        p->next = s + p->len;
        return true;
    }
    if (*s == '=' || *s == '&' || *s == '|') return fail(p, s, "'%c' is not an operator, write '%c%c'", *s, *s, *s);
    const size_t n = utf8_char(s, strlen(s), NULL);
    return fail(p, s, "unexpected character %s", quote(q, s, n ? n : 1));
}

/* Appends a step that changes the height of the stack by `grow`; returns its index in *at (may be NULL). */
static bool emit(struct parser *p, struct step s, int grow, uint32_t *at)
{
    p->stack += grow;
    if (p->stack > EXPR_MAX_STACK) return fail(p, p->start, "expression too deep");
    if (at) *at = p->out->n;
    p->out->step[p->out->n++] = s;
    return true;
}

static bool emit_code(struct parser *p, enum code c, int grow)
{
    return emit(p, (struct step){ .code = c }, grow, NULL);
}

static void land(struct parser *p, uint32_t jump) { p->out->step[jump].u.at = p->out->n; }

static bool deeper(struct parser *p)
{
    return p->depth++ < EXPR_MAX_DEPTH || fail(p, p->start, "expression too deep");
}

static bool unknown_name(struct parser *p)
{
    char q[QUOTE_LEN], word[QUOTE_LEN];
    fail(p, p->start, "unknown name %s", quote(q, p->start, p->len));
    const char **known = malloc((p->nname + p->nsym + 1) * sizeof *known);
    if (!known) return false;
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->nname; i++) known[n++] = p->name[i];
    for (uint32_t i = 0; i < p->nsym; i++) known[n++] = p->sym[i].name;
    snprintf(word, sizeof word, "%.*s", (int)(p->len < sizeof word ? p->len : sizeof word - 1), p->start);
    nearest_hint(p->err, p->errlen, word, known, n);
    free(known);
    return false;
}

static bool parse_name(struct parser *p)
{
    for (uint32_t i = 0; i < p->nname; i++)
        if (word_is(p, p->name[i])) return emit(p, (struct step){ .code = C_VAR, .u.at = i }, 1, NULL) && lex(p);
    for (uint32_t i = 0; i < p->nsym; i++)
        if (word_is(p, p->sym[i].name))
            return emit(p, (struct step){ .code = C_INT, .u.i = p->sym[i].value }, 1, NULL) && lex(p);
    if (word_is(p, "true") || word_is(p, "false"))
        return emit(p, (struct step){ .code = C_INT, .u.i = *p->start == 't' }, 1, NULL) && lex(p);
    return unknown_name(p);
}

static bool parse_ternary(struct parser *p);

static bool parse_call(struct parser *p)
{
    const char *const start = p->start;
    const size_t len = p->len;
    for (size_t c = 0; c < MXB_COUNT(calls); c++) {
        if (!word_is(p, call_names[c])) continue;
        if (!lex(p)) return false;                   /* the name */
        if (!lex(p)) return false;                   /* '(' */
        for (int a = 0; a < calls[c].nargs; a++) {
            if (a > 0 && p->tok != T_COMMA) return unexpected(p, "','");
            if ((a > 0 && !lex(p)) || !parse_ternary(p)) return false;
        }
        if (p->tok != T_RPAR) return unexpected(p, "')'");
        return emit_code(p, calls[c].code, 1 - calls[c].nargs) && lex(p);
    }
    char q[QUOTE_LEN], word[QUOTE_LEN];
    fail(p, start, "unknown function %s", quote(q, start, len));
    snprintf(word, sizeof word, "%.*s", (int)(len < sizeof word ? len : sizeof word - 1), start);
    nearest_hint(p->err, p->errlen, word, call_names, MXB_COUNT(call_names));
    return false;
}

static bool parse_unary(struct parser *p)
{
    switch (p->tok) {
    case T_SUB: case T_NOT: {
        const enum code code = p->tok == T_SUB ? C_NEG : C_NOT;
        if (!deeper(p) || !lex(p) || !parse_unary(p)) return false;
        p->depth--;
        return emit_code(p, code, 0);
    }
    case T_INT:   return emit(p, (struct step){ .code = C_INT, .u.i = p->i }, 1, NULL) && lex(p);
    case T_FLOAT: return emit(p, (struct step){ .code = C_FLOAT, .u.d = p->d }, 1, NULL) && lex(p);
    case T_LPAR:
        if (!lex(p) || !parse_ternary(p)) return false;
        return p->tok == T_RPAR ? lex(p) : unexpected(p, "')'");
    case T_NAME: {
        const char *s = p->next;
        while (isspace((unsigned char)*s)) s++;
        return *s == '(' ? parse_call(p) : parse_name(p);
    }
    default: return unexpected(p, "a value");
    }
}

/* Operators of `level` and tighter. */
static bool parse_binary(struct parser *p, int level)
{
    if (!parse_unary(p)) return false;
    while ((size_t)p->tok < MXB_COUNT(binaries) && binaries[p->tok].level >= level) {
        const int here = binaries[p->tok].level;
        const enum code code = binaries[p->tok].code;
        const bool logic = here == LEVEL_OR || here == LEVEL_AND;
        uint32_t jump = 0;
        if (!lex(p) || (logic && !emit(p, (struct step){ .code = code }, -1, &jump))) return false;
        if (!parse_binary(p, here + 1) || !emit_code(p, logic ? C_BOOL : code, logic ? 0 : -1)) return false;
        if (logic) land(p, jump);
        if (here == LEVEL_COMPARE && (size_t)p->tok < MXB_COUNT(binaries) && binaries[p->tok].level == here)
            return fail(p, p->start, "comparisons do not chain, write a < b && b < c");
    }
    return true;
}

static bool parse_ternary(struct parser *p)
{
    uint32_t to_else = 0, to_end = 0;
    if (!deeper(p) || !parse_binary(p, LEVEL_OR)) return false;
    if (p->tok == T_QUEST) {
        if (!lex(p) || !emit(p, (struct step){ .code = C_IFNOT }, -1, &to_else) || !parse_ternary(p)) return false;
        if (p->tok != T_COLON) return unexpected(p, "':'");
        if (!lex(p) || !emit(p, (struct step){ .code = C_JUMP }, -1, &to_end)) return false;   /* else starts lower */
        land(p, to_else);
        if (!parse_ternary(p)) return false;
        land(p, to_end);
    }
    p->depth--;
    return true;
}

int expr_compile(const char *text, const char *const *names, uint32_t n, const struct expr_sym *sym, uint32_t nsym,
                 struct expr **out, int *col, char *err, size_t errlen)
{
    const size_t len = strlen(text);
    struct parser p = { .text = text, .next = text, .name = names, .nname = n, .sym = sym, .nsym = nsym,
                        .col = col, .err = err, .errlen = errlen };
    *out = NULL;
    if (len > EXPR_MAX_TEXT) {
        fail(&p, text, "expression longer than %d bytes", EXPR_MAX_TEXT);
        return MXB_EPARSE;
    }
    p.out = malloc(sizeof *p.out + (len + 1) * sizeof p.out->step[0]);
    if (!p.out) {
        fail(&p, text, "out of memory");
        return MXB_ENOMEM;
    }
    p.out->n = 0;
    if (!lex(&p) || !parse_ternary(&p) || (p.tok != T_END && !unexpected(&p, "an operator"))) {
        free(p.out);
        return MXB_EPARSE;
    }
    struct expr *fit = realloc(p.out, sizeof *fit + p.out->n * sizeof fit->step[0]);
    *out = fit ? fit : p.out;
    return 0;
}
