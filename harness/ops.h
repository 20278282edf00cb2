/* The ops linked into the program or loaded from plug-ins, and the catalogue of the 202 entry points. */
#ifndef MXB_OPS_H
#define MXB_OPS_H
#include "harness/mxb_op.h"

/* Generated from the folders kernels/<family>/<op>/, sorted by name. */
extern const struct mxb_op *const linked_ops[];
extern const uint32_t linked_op_count;

uint32_t ops_count(void);
const struct mxb_op *ops_get(uint32_t i);                    /* sorted by name */
const struct mxb_op *ops_find(const char *name);             /* NULL = unknown */
const struct mxb_entry *ops_entry(const struct mxb_op *op, const char *name);
/* Any op's entry of that name; *op is set. */
const struct mxb_entry *ops_find_entry(const char *name, const struct mxb_op **op);

/* Writes the table's default of every parameter into a block of op->param_bytes. */
void ops_defaults(const struct mxb_op *op, void *params);
/* Every shape, binding, constant, grid and entry name of the op resolves with the default parameters, for every entry
 * and impl.  0 or MXB_EINVAL with the first fault in err. */
int ops_check(const struct mxb_op *op, char *err, size_t errlen);

struct catalogue_row {               /* one entry point; group: shader source it comes from; seed: source document 0-4 */
    const char *name, *family, *dtypes, *group, *about;
    int seed;
};
extern const struct catalogue_row catalogue[];               /* all 202, in the order of the catalogue */
extern const uint32_t catalogue_count;
#endif
