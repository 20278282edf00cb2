/* `mlxbench dump`: tensors of one case as .npy files and case.json, to be checked in NumPy. */
#ifndef MXB_DUMP_H
#define MXB_DUMP_H
#include "harness/group.h"

/* Writes DIR/<tensor>.npy (inputs), DIR/<tensor>.oracle.npy (f64, before the final rounding),
 * DIR/<tensor>.<backend><index>.<impl>[.<tile>].npy (outputs) and DIR/<backend><index>.<impl>[.<tile>].json, plus case.json for
 * the first slot.  A failure becomes the slot's ERROR. */
void dump_slot(struct group *, struct slot *, const struct mxb_problem *, void *const *stored, const struct oracle *,
               void *const *out);
#endif
