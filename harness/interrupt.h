/* Set by the signal handler: the number of the signal that asked the program to end, 0 = none. */
#ifndef MXB_INTERRUPT_H
#define MXB_INTERRUPT_H
extern volatile int run_interrupted;
#endif
