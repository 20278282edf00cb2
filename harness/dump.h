/* `mlxbench dump`: tensors of one case as .npy files and case.json, to be checked in NumPy. */
#ifndef MXB_DUMP_H
#define MXB_DUMP_H
#include "harness/group.h"

/* Writes DIR/<tensor>.npy (inputs), DIR/<tensor>.oracle.npy (f64, before the final rounding),
 * DIR/<tensor>.<backend><index>.<impl>[.<tile>].npy (outputs) and DIR/<backend><index>.<impl>[.<tile>].json, plus case.json for
 * the first slot.  A chain's tensors are named <step>.<tensor>; links are written once, as outputs, and without an oracle, which
 * for a chain depends on what the device put out.  A failure becomes the slot's ERROR. */
void dump_slot(struct group *, struct slot *, const struct job *, const struct oracle *);
#endif
