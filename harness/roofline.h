/* The roofline (Williams et al. 2009): how fast a case could be at most on its device, and the command that measures
 * the device. */
#ifndef MXB_ROOFLINE_H
#define MXB_ROOFLINE_H
#include "harness/store.h"
#include "harness/suite.h"

/* Shortest time of a case: ns, and what sets it: "memory", "cache" or "arithmetic".  0 and "" if not known, which is
 * also so for an implementation on matrix units, whose peak is not measured.  bytes, flops: of the op's own formulas.
 * A warm case whose bytes the caches hold is held against the best bandwidth of any size, not that of the memory. */
struct roofline_limit { double ns; const char *by; };
struct roofline_limit roofline_limit(const struct roofline *, const struct mxb_caps *, double bytes, double flops,
                                     enum mxb_dtype, enum cache_mode, uint64_t impl_needs);

/* Above this many times its limit a figure is no result but a fault: of clock, formula or roofline. */
#define ROOFLINE_IMPOSSIBLE 1.05

/* The best figures of a measuring run, collected row by row. */
struct roofline_best { double rate; char how[160]; };    /* GB/s or GFLOP/s, 0 = none; impl, tile, size */
struct roofline_probe { struct roofline_best memory, cache, f32, f16; };
void roofline_collect(struct roofline_probe *, const struct result_row *);
/* False: too little was measured for a roofline. */
bool roofline_result(const struct roofline_probe *, struct roofline *out);

struct cli;
int roofline_run(const struct cli *);            /* the command; exit code */
#endif
