/* A small process that outlives its parent for a moment.  Workers die with the parent by themselves, but not what they
 * have started: a compiler, or what a kernel or driver left running.  When the parent ends, in whatever way, the guardian
 * kills the process groups of the workers that were still at work. */
#ifndef MXB_GUARDIAN_H
#define MXB_GUARDIAN_H
#include <sys/types.h>

struct guardian { pid_t pid; int fd; };          /* pid 0 = none: then nothing is guarded */
void guardian_start(struct guardian *);          /* where it cannot be had, there is none */
void guardian_watch(const struct guardian *, pid_t group);   /* both: NULL is fine */
void guardian_forget(const struct guardian *, pid_t group);  /* before the number can belong to another process */
void guardian_end(struct guardian *);
#endif
