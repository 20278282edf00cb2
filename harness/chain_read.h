/* What the files that read a chain from a suite share (chain_read.c, chain_links.c). */
#ifndef MXB_CHAIN_READ_H
#define MXB_CHAIN_READ_H
#include "harness/chain.h"
#include "harness/suite_read.h"

/* Reads `chain:`, `steps:` and `against:` of a case into c->chain and makes it the op of the case. */
int read_chain(struct reader *, const struct node *map, struct case_spec *);
/* `in:` of step k, whose op and entries are known. */
int read_links(struct reader *, const struct node *map, struct chain *, uint32_t k);
/* `agree:`, `same_bits:` and `nrmse:` of a `check:` map; an error where the case is no chain. */
int read_claims(struct reader *, const struct node *check, struct case_spec *);
/* Does the variant have an entry of this name in one of its steps, the chain a step of this op? */
bool chain_has_entry(const struct chain *, uint32_t variant, const char *name);
bool chain_has_op(const struct chain *, const char *name);
#endif
