/* One open device inside a worker: buffers with guard zones, pipelines, running and timing a plan. */
#ifndef MXB_EXEC_H
#define MXB_EXEC_H
#include "harness/kernel_code.h"
#include "harness/measure.h"

struct exec;

/* overlay: NULL = embedded sources; borrowed. */
int  exec_open(const struct mxb_backend *, int index, const struct mxb_open_opts *, const struct overlay *,
               struct exec **out, char *err, size_t errlen);
void exec_close(struct exec *);
const struct mxb_caps *exec_caps(const struct exec *);
struct reg_counts exec_counts(const struct exec *);

/* Compiles the plan's kernels (through the cache).  *compile_ns: 0 when everything was cached. */
int  exec_compile(struct exec *, const struct plan *, double *compile_ns, char *err, size_t errlen);
/* Allocates `sets` copies of the tensors, uploads stored[] with guard zones around, poisons outputs and scratch with NaN
 * bits.  The plan must stay alive until the next exec_load. */
int  exec_load(struct exec *, const struct plan *, void *const *stored, uint32_t sets, char *err, size_t errlen);
/* Runs the loaded plan, of a chain all steps, `reps` times on every set. */
int  exec_run(struct exec *, uint32_t reps, struct mxb_time *, char *err, size_t errlen);
/* Downloads set 0: outputs into out[], checks its guard zones and, where inputs_too, that inputs came back unchanged.
 * MXB_EINVAL with the text = the kernel did wrong (FAIL). */
int  exec_fetch(struct exec *, void *const *stored, void *const *out, bool inputs_too, char *err, size_t errlen);
/* The two for one step of a chain, which must come in order from 0 on; an op is a chain of one. */
int  exec_run_step(struct exec *, uint32_t k, struct mxb_time *, char *err, size_t errlen);
int  exec_fetch_step(struct exec *, uint32_t k, void *const *stored, void *const *out, bool inputs_too, char *err,
                     size_t errlen);
/* Bytes of one set on the device. */
uint64_t exec_set_bytes(const struct exec *);
#endif
