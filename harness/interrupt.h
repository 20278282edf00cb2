/* Set by the signal handler: the number of the signal that asked the program to end, 0 = none.  Threads look at it, so
 * volatile alone would not do. */
#ifndef MXB_INTERRUPT_H
#define MXB_INTERRUPT_H
extern _Atomic int run_interrupted;
#endif
