/* Inputs of the cases of a group, and the jobs that workers do for them. */
#ifndef MXB_GROUP_JOB_H
#define MXB_GROUP_JOB_H
#include "harness/group.h"

struct inputs { void *stored[PLAN_MAX_STEPS * MXB_MAX_BIND]; };     /* by plan_tensor() */

/* The inputs of all steps that do not depend on tiles, in the arena.  Incomplete when a signal came: then nothing is
 * run with them. */
int  make_inputs(struct group *, const struct mxb_problem *, struct inputs *);
/* A job for the plan, of a timing without the steps that only the check runs.  NULL: the arena is full. */
struct job *new_job(struct group *, const struct plan *, enum job_kind, enum mxb_fill, const struct inputs *);
#endif
