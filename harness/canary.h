/* The canary: fixed arithmetic on the device before and after a round.  It knows nothing of the case, so where it
 * slows down the machine has. */
#ifndef MXB_CANARY_H
#define MXB_CANARY_H
#include "harness/arena.h"
#include "harness/exec.h"

struct canary { const struct plan *plan; void *const *stored; };     /* plan NULL: none on this device */

/* Plans it for a device and makes its input, in the arena. */
void canary_make(struct arena *, const char *lang, const struct mxb_caps *, struct canary *);
/* In the worker: compiles, loads and runs it; what was loaded before is not any more.  *ns: median time of a run. */
int  canary_time(struct exec *, const struct canary *, double *ns, char *err, size_t errlen);
/* In the parent: flags a round whose canary, before or after, took more than 5 % longer than *best, the shortest on
 * this device so far (0 = none yet), which it updates. */
void canary_judge(struct measurement *, double *best);
#endif
