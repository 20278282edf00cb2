/* What the files of the suite reader share: suite.c (files, top level) reads each case with suite_case.c, suite_axes.c
 * and suite_check.c into a struct case_spec, which sweep.c expands at once. */
#ifndef MXB_SUITE_READ_H
#define MXB_SUITE_READ_H
#include "harness/expr.h"
#include "harness/suite.h"
#include "harness/suite_pool.h"
#include "harness/suite_yaml.h"

enum { SUITE_HARD_CASES = 1000000, SUITE_DEFAULT_CASES = 100000 };   /* cap of `max_cases:` and of a run; its default */
enum { MAX_CONST = 2 * MXB_MAX_SPEC };               /* different constants of the entries of an op */
enum { MAX_NAMES = MXB_MAX_PARAM + MAX_CONST + SUITE_MAX_TILE };   /* variables of an expression */

struct load {                        /* one suites_load() */
    const struct mxb_op *const *op; uint32_t nop;
    const struct suite_opts *opts;
    struct pool *pool;               /* lives as long as the case list */
    struct case_list *list;          /* growing; its arrays are malloc'ed */
    uint32_t room_suite, room_problem, room_item, room_tile;
    uint32_t nfile;
    char *err; size_t errlen;
};
struct reader {                      /* one file */
    struct load *load;
    struct suite *suite;
    const char *shown;               /* its name in errors */
    const struct node *root;         /* the file's map */
    const struct node *defaults;     /* its `defaults:`, or NULL */
    const struct node *common;       /* `common:` of the pair that is being read, over the defaults; or NULL */
    uint64_t max_cases, ncase;       /* ncase: expanded so far, without the files it includes */
    uint32_t backends;               /* 1u << BACKEND_x */
    struct pool scratch;             /* emptied after every case */
};

/* suites_load() with these ops instead of the program's. */
int suites_load_ops(const struct mxb_op *const *op, uint32_t nop, const char *const *path, uint32_t npath,
                    const struct suite_opts *, struct case_list *, char *err, size_t errlen);

/* A malloc'ed array of at least `need` > 0 elements in place of `array`; NULL = no memory, with the text in l->err. */
void *load_grow(struct load *, void *array, uint32_t *room, uint32_t need, size_t size);

/* --- suite_value.c: values of nodes.  Errors are written with the node's place; 0 or the error code.  `key` names the
 * value in them. --- */
__attribute__((format(printf, 3, 4))) int fail_at(struct reader *, const struct node *, const char *fmt, ...);
/* An error at column `col` (1-based) of the node's text, which begins `skip` bytes into the node. */
__attribute__((format(printf, 5, 6)))
int  fail_inside(struct reader *, const struct node *, size_t skip, int col, const char *fmt, ...);
int  fail_memory(struct reader *);
/* "unknown <what> 'x', did you mean 'y'?" */
int  fail_unknown(struct reader *, const struct node *, const char *what, const char *const *names, size_t count);
int  fail_type(struct reader *, const struct node *, const char *key, const char *expected);
int  check_keys(struct reader *, const struct node *map, const char *where, const char *const *keys, size_t n);
int  read_text(struct reader *, const struct node *, const char *key, const char **out);   /* not empty */
int  read_bool(struct reader *, const struct node *, const char *key, bool *out);
int  read_u64(struct reader *, const struct node *, const char *key, uint64_t lo, uint64_t hi, uint64_t *out);
int  read_i64(struct reader *, const struct node *, const char *key, int64_t lo, int64_t hi, int64_t *out);
int  read_double(struct reader *, const struct node *, const char *key, double lo, double hi, double *out);
int  read_duration(struct reader *, const struct node *, const char *key, double *ns);
int  read_percent(struct reader *, const struct node *, const char *key, double lo, double hi, double *share);   /* "3%" is 0.03 */
/* One name or a list of names of names[0..count), count <= 32, as bits. */
int  read_name_set(struct reader *, const struct node *, const char *key, const char *what,
                   const char *const *names, size_t count, uint32_t *bits);
/* A list, or one text as a list of one.  Errors: a map, an empty list, an empty text. */
int  list_check(struct reader *, const struct node *, const char *key);
uint32_t list_len(const struct node *);
const struct node *list_item(const struct node *, uint32_t i);
bool is_expression(const struct node *);             /* text that begins with '=' */

/* --- suite_param.c: one parameter --- */
/* Literal of the parameter's type, within its range, as the 4 bytes of the parameter block. */
int  read_param(struct reader *, const struct mxb_param *, const struct node *, uint32_t *bits);
/* Result of an expression as the 4 bytes; MXB_EINVAL with the text in err. */
int  param_bits(const struct mxb_param *, struct val, uint32_t *bits, char *err, size_t errlen);
uint32_t param_get(const struct mxb_param *, const void *params);        /* the 4 bytes of the block */
struct val param_val(const struct mxb_param *, uint32_t bits);
/* i-th name of "none rank2", NULL past the end. */
const char *enum_name(const char *names, uint32_t i, size_t *len);
int  op_param(const struct mxb_op *, const char *name);   /* index or -1 */
/* "16", "1e-06", "true", "rank2".  Returns the length, as snprintf. */
int  param_text(const struct mxb_param *, uint32_t bits, char *out, size_t n);
/* val[first..n) = the entry's constants of these names; has[] tells which of them it has. */
void entry_vals(const struct mxb_entry *, const char *const *name, uint32_t first, uint32_t n, struct val *val,
                bool *has);

/* --- the case --- */
struct axis_value { uint32_t bits, expr; };          /* expr: 0 = bits, else 1 + index of case_spec.expr */
struct axis_column { uint32_t param; const struct axis_value *v; };
struct axis { uint32_t n, ncol; const struct axis_column *col; };    /* n values, walked together by all columns */
struct tile_axis { const char *name; uint32_t n; const int32_t *v; };   /* different values */
struct case_expr { struct expr *e; const struct node *at; uint32_t param; };

struct case_spec {                   /* a case of the suite with its defaults merged in */
    struct suite_block *block;
    struct chain *chain;             /* the op of the block if it is a chain, else NULL */
    const struct node *node;         /* for the place of errors */
    uint64_t seed;
    const struct mxb_entry **entry; uint32_t nentry;
    bool restricted;                 /* the command line left out some entries */
    uint32_t backends;               /* 1u << BACKEND_x */
    bool impl_auto, *impl;           /* impl: NULL = all, else by index of op->impl */
    struct axis axis[MXB_MAX_PARAM + 1]; uint32_t naxis;   /* first = outermost; fixed parameters have one value */
    uint32_t given;                  /* bits of the parameters in axes */
    struct tile_axis tile[SUITE_MAX_TILE]; uint32_t ntile;
    struct case_expr *expr; uint32_t nexpr;
    uint32_t calc[MXB_MAX_PARAM], ncalc;     /* parameters with expressions, in order of dependency */
    struct expr *where; const struct node *where_at;
    /* Variables of expressions: parameters, entry constants, tiles.  Filled on first use by case_names(). */
    const char *name[MAX_NAMES]; uint32_t nname, nconst;
    struct expr_sym *sym; uint32_t nsym;
};

/* Key of the case, else of the pair's `common:`, else of the defaults; NULL = absent. */
const struct node *case_field(struct reader *, const struct node *map, const char *key);
int  read_case(struct reader *, const struct node *map, struct suite_block *, struct case_spec *);
/* A map with keys of a case: `defaults:`, or `common:` of a pair. */
int  check_case_keys(struct reader *, const struct node *map, const char *key);
/* After the last case: every parameter and tile of these defaults was known to some case's op. */
int  check_defaults_used(struct reader *, const struct node *defaults, const struct mxb_op *last);
int  case_names(struct reader *, struct case_spec *);
/* Compiles an expression over the case's names; `skip` bytes of the node's text come before it. */
int  case_compile(struct reader *, struct case_spec *, const struct node *, size_t skip, struct expr **out);
int  read_axes(struct reader *, const struct node *map, struct case_spec *);      /* suite_axes.c */
int  read_tiles(struct reader *, const struct node *map, struct case_spec *);
int  read_check(struct reader *, const struct node *map, struct case_spec *);     /* suite_check.c */
int  read_bench(struct reader *, const struct node *map, struct case_spec *);
struct bench_opts bench_defaults(void);
extern const char *const fill_names[MXB_NFILL], *const cache_names[2], *const backend_names[NBACKEND_BUILTIN];

/* `same_bits_as:`: the parameters to change. */
struct same_value { uint32_t param, bits; struct expr *e; const char *text; };   /* e and text: NULL = bits */
struct suite_same {
    const struct mxb_op *op;
    const char *const *name; uint32_t nname;         /* variables: parameters, then entry constants */
    struct same_value *v; uint32_t n;
};

int  sweep_case(struct reader *, struct case_spec *);    /* sweep.c: appends its problems and cases to the list */

/* suite.c: reads a case into the next block of the suite and expands it.  *whole: the command line left nothing out. */
int  read_block(struct reader *, const struct node *map, struct suite_block **out, bool *whole);
/* suite_pair.c: `pairs:`. */
uint32_t count_pair_blocks(const struct node *pairs);    /* at most; whatever the nodes are */
int  read_pairs(struct reader *, const struct node *pairs);
#endif
