/* Cold-cache timing: rotating over enough buffer sets that no repetition finds its data in the last-level cache. */
#ifndef MXB_COLD_H
#define MXB_COLD_H
#include "harness/exec.h"

/* Loads as many sets as it takes and proves that they are cold: one set's time must be at least 1.2 times below.
 * MXB_EUNSUP with the figures when it cannot be done or shown (SKIP, never silently warm). */
int cold_prepare(struct exec *, const struct plan *, void *const *stored, sample_fn, void *ctx, uint32_t *sets,
                 char *err, size_t errlen);
/* Last-level cache in bytes; 64 MiB for a device that does not tell. */
uint64_t cold_cache_bytes(const struct mxb_caps *);
#endif
