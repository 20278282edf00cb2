/* The compiled form of an expression: postfix steps for a stack machine.  Private to expr.c and expr_parse.c. */
#ifndef MXB_EXPR_CODE_H
#define MXB_EXPR_CODE_H
#include "harness/expr.h"

enum { EXPR_MAX_TEXT = 32 << 10, EXPR_MAX_DEPTH = 64, EXPR_MAX_STACK = 256 };

enum code {
    C_INT, C_FLOAT, C_VAR,           /* push */
    C_NEG, C_NOT, C_BOOL,            /* one operand */
    C_EQ, C_NE, C_LT, C_LE, C_GT, C_GE, C_ADD, C_SUB, C_MUL, C_DIV, C_MOD,   /* two operands */
    C_CDIV, C_MIN, C_MAX, C_ABS, C_POW2, C_LOG2, C_NP2, C_SQRT,              /* calls */
    C_AND, C_OR,                     /* decided: leave 0 or 1 and jump; else pop and go on */
    C_IFNOT, C_JUMP                  /* pop and jump if false; jump */
};
struct step {
    enum code code;
    union { int64_t i; double d; uint32_t at; } u;   /* C_INT, C_FLOAT; else index of the variable or the target step */
};
struct expr {
    uint32_t n;
    struct step step[];
};
#endif
