/* Turns of two programs (turn.h). */
#include "harness/turn.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/mxb_types.h"

static const char token = 't';

int turn_make(int fd[2], int first)
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd)) return MXB_EDEVICE;
    if (send(fd[!first], &token, 1, MSG_NOSIGNAL) == 1) return 0;
    close(fd[0]);
    close(fd[1]);
    return MXB_EDEVICE;
}

bool turn_is_end(int fd)
{
    struct stat s;
    return fstat(fd, &s) == 0 && S_ISSOCK(s.st_mode);
}

void turn_await(int fd)
{
    char byte;
    while (recv(fd, &byte, 1, 0) < 0 && errno == EINTR) continue;
}

void turn_pass(int fd)
{
    if (send(fd, &token, 1, MSG_NOSIGNAL) == 1) turn_await(fd);
}
