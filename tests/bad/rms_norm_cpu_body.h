/* rms_norm for float on the CPU, gone wrong in every way that the value of dim asks for: laid over the real kernels by
 * tests/cli/bad.t, which says what the program has to make of each.  Other values of dim get the right answer. */
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "kernels/norm/rms_norm/rms_norm.h"

enum {
    NULL_WRITE = 1001, ABORT, ILLEGAL, DIVIDE, BUS_ERROR, EXIT_0, EXIT_3, RECURSE,
    FAR_RIGHT = 1011, FAR_LEFT, PAST_END, BEFORE, INPUT_CHANGED, ARENA,
    PARTIAL = 1021, NAN_OUTPUT, CONSTANT, ZERO, NO_WRITE,
    THREAD = 1031, PROCESS, PROCESSES, CHANNEL_CLOSED, CHANNEL_GARBAGE, BACKGROUND, TIMER, FLOAT_MODES, STOP, LONG_JUMP,
    CONFINED = 1041, EAT_MEMORY, HANG, HANG_DEAF,
    FIRST_ONLY = 1051, FIRST_FEW, LAST_BIT
};

static void right(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct rms_norm_params *p = a->params;
    const float *w = a->buf[T_W];
    float *y = a->buf[T_Y];
    for (int64_t row = begin; row < end; row++) {
        const float *in = (const float *)a->buf[T_X] + row * p->dim;
        double sum = 0;
        for (uint32_t i = 0; i < p->dim; i++) sum += (double)in[i] * in[i];
        const float inv = (float)(1 / sqrt(sum / p->dim + (double)p->eps));
        for (uint32_t i = 0; i < p->dim; i++) y[row * p->dim + i] = in[i] * inv * (a->spec[S_HAS_W] ? w[i] : 1);
    }
}

static jmp_buf nowhere;              /* never set */

static int recurse(volatile char *up)
{
    volatile char here[4096];
    here[0] = *up;
    return recurse(here) + here[1];
}

static void *wait_forever(void *unused)
{
    for (;;) pause();
    return unused;
}

static void leave_processes(int n)
{
    for (int i = 0; i < n; i++)
        if (fork() == 0) wait_forever(NULL);
}

/* Writes to the first mapping of shared memory that a worker sees. */
static void write_to_arena(void)
{
    unsigned long from = 0;
    char line[512], rights[8];
    FILE *f = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "%lx-%*x %7s", &from, rights) == 2 && rights[3] == 's') break;
    fclose(f);
    memset((void *)from, 0x55, 4096);
}

/* Can the index of the database's log, which is shared memory, be reached? */
static int database_mapped(void)
{
    char line[512];
    int found = 0;
    FILE *f = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, f)) found |= strstr(line, "-shm") && !strstr(line, "---s");
    fclose(f);
    return found;
}

/* What a worker has given up.  Not a kernel's business, but this is the place from where to look. */
static int confined(void)
{
    struct rlimit core, data, tasks;
    char null[64] = "";
    int open_files = 0;
    getrlimit(RLIMIT_CORE, &core);
    getrlimit(RLIMIT_DATA, &data);
    getrlimit(RLIMIT_NPROC, &tasks);
    for (int fd = 0; fd < 1024; fd++) open_files += fcntl(fd, F_GETFD) >= 0;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && core.rlim_cur == 0 && data.rlim_cur != RLIM_INFINITY && tasks.rlim_cur != RLIM_INFINITY &&
           readlink("/proc/self/fd/0", null, sizeof null - 1) > 0 && strcmp(null, "/dev/null") == 0 && open_files == 4 &&
           getpgrp() == getpid() && !database_mapped();
}

static void eat_memory(void)
{
    char *p;
    while ((p = malloc(1 << 24)) != NULL) memset(p, 1, 1 << 24);
    abort();
}

static void hang(void)
{
    for (volatile unsigned i = 0;; i++) continue;
}

static void crash(uint32_t how, float *y)
{
    static volatile int zero;
    switch (how) {
    case NULL_WRITE: *(volatile int *)(uintptr_t)zero = 1; break;
    case ABORT: abort();
    case ILLEGAL: __builtin_trap();
    case DIVIDE: zero = 1 / zero; raise(SIGFPE); break;      /* not every processor traps */
    case BUS_ERROR: raise(SIGBUS); break;
    case EXIT_0: exit(0);
    case EXIT_3: _exit(3);
    case RECURSE: zero = recurse((volatile char *)&zero); break;
    case FAR_RIGHT: y[8 << 20] = 1; break;
    case FAR_LEFT: y[-(8 << 20)] = 1; break;
    case ARENA: write_to_arena(); break;
    case CHANNEL_CLOSED: close(3); break;
    case CHANNEL_GARBAGE: if (write(3, "garbage", 7) != 7) abort(); break;
    case LONG_JUMP: longjmp(nowhere, 1);
    case EAT_MEMORY: eat_memory(); break;
    case HANG: hang(); break;
    case STOP: raise(SIGSTOP); hang();
    case HANG_DEAF:
        for (int s = 1; s < 32; s++) signal(s, SIG_IGN);
        leave_processes(1);
        hang();
    }
}

/* After the right answer, in elements [from, to) of y; `last`: they are the end of y. */
static void spoil(uint32_t how, const struct mxb_args *a, uint32_t from, uint32_t to, bool last, int call)
{
    float *y = a->buf[T_Y];
    pthread_t thread;
    if (how == CONSTANT) for (uint32_t i = from; i < to; i++) y[i] = 0.5f;
    if (how == ZERO) memset(y + from, 0, (to - from) * sizeof *y);
    if (!last) return;
    switch (how) {
    case PAST_END: y[to] = 1; break;
    case BEFORE: y[-1] = 1; break;
    case INPUT_CHANGED: ((float *)a->buf[T_X])[7] += 1; break;
    case NAN_OUTPUT: y[to - 1] = NAN; break;
    case THREAD: pthread_create(&thread, NULL, wait_forever, NULL); break;
    case PROCESS: leave_processes(1); break;
    case PROCESSES: leave_processes(30); break;
    case BACKGROUND: if (system("sh -c 'sleep 1000; : mlxbench in the background' &")) abort(); break;
    case TIMER: alarm(1); break;
    case FLOAT_MODES: feenableexcept(FE_INEXACT); break;
    case CONFINED: if (!confined()) y[to - 1] = NAN; break;
    case FIRST_ONLY: if (call > 1) y[to - 1] *= 1.5f; break;
    case LAST_BIT: if (call % 2 == 0) y[to - 1] = nextafterf(y[to - 1], 9); break;
    }
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    static _Atomic int calls;
    const struct rms_norm_params *p = a->params;
    const bool last = end == p->rows;                /* true in one call of a dispatch */
    const int call = last ? ++calls : 0;
    if (last) crash(p->dim, a->buf[T_Y]);
    if (p->dim == NO_WRITE || (p->dim == FIRST_FEW && calls > 3)) return;
    if (p->dim == PARTIAL && last) end--;
    right(a, begin, end);
    spoil(p->dim, a, (uint32_t)begin * p->dim, (uint32_t)end * p->dim, last, call);
}
