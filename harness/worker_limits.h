/* What a worker gives up, so that a wrong kernel cannot harm the parent, the terminal or the machine. */
#ifndef MXB_WORKER_LIMITS_H
#define MXB_WORKER_LIMITS_H
#include <sys/types.h>

/* First thing in a worker: dies with the parent and so do its own children; leads a process group; keeps no file but
 * the channel, whose new number is returned, `talk`, which becomes its stderr, and *turn, unless that is 0, which gets
 * its new number; leaves no core file; is the first to go when memory runs out. */
int  worker_isolate(pid_t parent, int channel, int talk, int *turn);
/* No writable shared memory that it inherited can be reached but the arena: SQLite's index of its log is such memory. */
void worker_hide_shared(const void *arena);
/* Once the device is open, because a driver may have to load itself with the help of a setuid program and reserve
 * address space at will: no new privileges, no more memory than the machine has to give at this moment, no fork
 * bomb. */
void worker_restrain(void);
#endif
