/* A loop over [0, n) on several threads. */
#ifndef MXB_PARALLEL_H
#define MXB_PARALLEL_H
#include <stdint.h>

typedef void (*parallel_fn)(void *ctx, uint64_t begin, uint64_t end);

/* Calls fn on disjoint chunks that cover [0, n), each `chunk` long but the last, and returns when all are done.  The
 * chunks do not depend on the number of threads.  threads: 0 = as many as the affinity mask allows.  Ends early, with
 * chunks left out, when run_interrupted is set. */
void parallel_for(uint64_t n, uint64_t chunk, uint32_t threads, parallel_fn fn, void *ctx);
#endif
