/* Two programs that are timed against each other take turns: each works only while it holds the token, a byte on a
 * socket between them.  So the times of both come from the same moments, and neither disturbs the other. */
#ifndef MXB_TURN_H
#define MXB_TURN_H
#include <stdbool.h>

/* Before the two start: the ends of their socket, for exec().  The token lies in wait for the program that gets
 * fd[first].  0 or MXB_EDEVICE with errno. */
int  turn_make(int fd[2], int first);
bool turn_is_end(int fd);            /* of some socket */
/* Waits for the token.  Once the other program has ended there is no more waiting. */
void turn_await(int fd);
/* Hands the token over and waits until it comes back. */
void turn_pass(int fd);
#endif
