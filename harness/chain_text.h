/* The text of a chain, as a suite would have it. */
#ifndef MXB_CHAIN_TEXT_H
#define MXB_CHAIN_TEXT_H
#include "harness/chain.h"
#include "harness/text.h"

/* "chain: tq_decode, steps: [...], against: [...]", with the entries of one variant. */
void chain_text(struct text *, const struct chain *, uint32_t variant);
/* "nrmse: [...]", the claims of one kind; false: there are none. */
bool chain_claims_text(struct text *, const struct chain *, enum chain_claim_kind);
/* Changes when the timed steps do, or the meaning of one of their ops: mxb_op.def_version of the chain. */
uint32_t chain_version(const struct chain *);
#endif
