/* The process that clears up after a parent that was killed (guardian.h). */
#include "harness/guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 1024 };                /* groups at a time: more than devices and rounds */

/* Takes a group into the list, or out of it: its number, negative to forget it. */
static void heard(int32_t number, int32_t *group, int *n)
{
    if (number > 0 && *n < MOST) group[(*n)++] = number;
    for (int i = 0; number < 0 && i < *n; i++)
        if (group[i] == -number) group[i--] = group[--*n];
}

/* Until the other end of the pipe, which the parent alone has, is closed. */
static _Noreturn void guard(int in)
{
    static const int deadly[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    int32_t group[MOST] = { 0 }, number;
    int n = 0;
    setsid();                        /* the terminal's Ctrl-C is for the parent */
    for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) signal(deadly[i], SIG_IGN);
    prctl(PR_SET_NAME, "guardian");
    dup2(in, 0);
    if (syscall(SYS_close_range, 1u, ~0u, 0u))       /* Linux before 5.9 */
        for (int fd = 1; fd < sysconf(_SC_OPEN_MAX) && fd < 65536; fd++) close(fd);
    for (ssize_t got; (got = read(0, &number, sizeof(number))) != 0;)
        if (got == (ssize_t)sizeof(number)) heard(number, group, &n);
        else if (got >= 0 || errno != EINTR) break;
    while (n > 0) kill(-group[--n], SIGKILL);
    _exit(0);
}

void guardian_start(struct guardian *g)
{
    int fd[2];
    *g = (struct guardian){ 0, -1 };
    if (pipe2(fd, O_CLOEXEC)) return;
    const pid_t pid = fork();
    if (pid == 0) {
        close(fd[1]);
        guard(fd[0]);
    }
    close(fd[0]);
    if (pid > 0) *g = (struct guardian){ pid, fd[1] };
    else close(fd[1]);
}

/* Whole or not at all, as it is shorter than PIPE_BUF; SIGPIPE is ignored. */
static void tell(const struct guardian *g, int32_t number)
{
    if (g && g->pid && write(g->fd, &number, sizeof(number)) < 0) return;
}

void guardian_watch(const struct guardian *g, pid_t group) { tell(g, (int32_t)group); }
void guardian_forget(const struct guardian *g, pid_t group) { tell(g, -(int32_t)group); }

void guardian_end(struct guardian *g)
{
    if (!g->pid) return;
    close(g->fd);
    while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR) continue;
    *g = (struct guardian){ 0, -1 };
}
