/* From parameters to tensors: shapes, inputs, and what the oracle says.  Device-free. */
#ifndef MXB_PROBLEM_H
#define MXB_PROBLEM_H
#include "harness/expr.h"
#include "harness/mxb_op.h"

enum {
    SCOPE_MAX = MXB_MAX_PARAM + 3 * MXB_MAX_SPEC,
    SCOPE_NAME = 32,                 /* bytes of a name with its NUL; ops_check holds the tables to it */
    PROBLEM_MAX_DIM = 8
};

/* Values of an op's expression variables: params, entry constants; then any extra ones (tiles, limits).  Plain data:
 * copy it to extend it. */
struct scope {
    char name[SCOPE_MAX][SCOPE_NAME];
    struct val val[SCOPE_MAX];
    uint32_t n;
};
void scope_problem(struct scope *, const struct mxb_problem *);          /* params and entry constants */
void scope_add(struct scope *, const char *name, struct val v);          /* replaces a present name */
/* Compiles and evaluates text in the scope (the parser is fast enough for a few per case). */
int  scope_eval(const struct scope *, const char *text, int64_t *out, char *err, size_t errlen);
/* Value of a constant in the entry's "BD=256 BOOLMASK=0"; `missing` if absent. */
int64_t entry_const(const struct mxb_entry *, const char *name, int64_t missing);
/* Steps through such a list from *text: 1 with the next name and value, 0 at its end, MXB_EINVAL if it is malformed. */
int  entry_const_next(const char **text, char name[SCOPE_NAME], int64_t *value);

bool param_in_range(const struct mxb_param *, double v);      /* false for NaN */
/* Fills op, entry, params, seed, fill, dtype[] and nelem[]; per_tile tensors get nelem 0 until a plan sizes them with
 * problem_nelem.  MXB_EINVAL with "Invalid argument: ..." in err: a parameter is out of its range, a size is negative
 * or above 2^63 bytes, or op->validate rejects (it writes that text itself). */
int  problem_init(struct mxb_problem *, const struct mxb_op *, const struct mxb_entry *, const void *params,
                  uint64_t seed, enum mxb_fill fill, char *err, size_t errlen);
/* Number of elements of tensor t; 0 = absent.  The scope holds the tile constants of a per_tile tensor, others need
 * none; NULL gives a per_tile tensor 0. */
int  problem_nelem(const struct mxb_problem *, uint32_t t, const struct scope *, uint64_t *n, char *err, size_t errlen);
/* Its dimensions, outermost first, whether or not it is present. */
int  problem_shape(const struct mxb_problem *, uint32_t t, const struct scope *, uint64_t dim[PROBLEM_MAX_DIM],
                   uint32_t *ndim, char *err, size_t errlen);
bool problem_reads(const struct mxb_problem *, uint32_t t);   /* present and MXB_IN or MXB_INOUT */
bool problem_writes(const struct mxb_problem *, uint32_t t);  /* present and MXB_OUT or MXB_INOUT */
uint64_t problem_bytes(const struct mxb_problem *, uint32_t t);   /* nelem * element size */
double problem_min_bytes(const struct mxb_problem *);         /* op->bytes or the sum of inputs and outputs */

/* Writes tensor t's initial content in stored form: op->generate or the generic generator of tensor.gen and the fill.
 * Inputs before t in the table are in stored[].  tile: NULL unless per_tile.  Uses several threads when t is large;
 * the content does not depend on their number. */
void problem_fill(const struct mxb_problem *, uint32_t t, void *const *stored, const struct scope *tile, void *out);

/* Items of the oracle: all of [0,items), or a sorted seeded sample of n of them that always holds the first and last.
 * MXB_EINVAL if items is not positive or does not divide the size of every output. */
struct item_set { int64_t items; int64_t *pick; uint64_t npick; };   /* pick NULL = all */
int  item_set_make(const struct mxb_problem *, uint64_t sampled, struct item_set *, char *err, size_t errlen);
void item_set_free(struct item_set *);

struct oracle {                      /* v, p, x of every output, whole arrays also when sampled */
    struct mxb_ref t[MXB_MAX_BIND];
};
/* Decodes stored[] and runs op->reference over the items on `threads` threads (0 = affinity). */
int  oracle_run(const struct mxb_problem *, void *const *stored, const struct item_set *, uint32_t threads,
                struct oracle *out, char *err, size_t errlen);
void oracle_free(struct oracle *);
#endif
