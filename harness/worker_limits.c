/* What a worker gives up (worker_limits.h).  Nothing here fails: what a system does not offer is done without. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "harness/worker_limits.h"

enum { CHANNEL = 3, TURN = 4,
       MORE_TASKS = 4096 };          /* processes and threads: more than any driver starts, less than a fork bomb */

/* A child of the worker: dies with it, and does not keep the channel open behind its back. */
static void in_forked_child(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(CHANNEL);
}

static int keep_only(int channel, int *turn)
{
    /* Out of the way first: neither may lie where the other goes. */
    channel = fcntl(channel, F_DUPFD_CLOEXEC, TURN + 1);
    if (*turn) *turn = fcntl(*turn, F_DUPFD_CLOEXEC, TURN + 1);
    if (channel < 0 || *turn < 0 || dup3(channel, CHANNEL, O_CLOEXEC) < 0) return -1;
    if (*turn && dup3(*turn, TURN, O_CLOEXEC) < 0) return -1;
    const int last = *turn ? TURN : CHANNEL;
    *turn = *turn ? TURN : 0;
    if (syscall(SYS_close_range, last + 1, ~0u, 0u))          /* Linux before 5.9 */
        for (int fd = last + 1; fd < sysconf(_SC_OPEN_MAX) && fd < 65536; fd++) close(fd);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);   /* what a driver prints must not mix with our output */
        close(null);
    }
    return CHANNEL;
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    if (!f) return;
    fputs(text, f);
    fclose(f);
}

int worker_isolate(pid_t parent, int channel, int talk, int *turn)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);               /* it died before the line above */
    prctl(PR_SET_CHILD_SUBREAPER, 1);                /* what a kernel starts in the background is seen */
    setpgid(0, 0);                   /* the terminal's Ctrl-C is for the parent; one kill() reaches our children */
    static const int crash[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGTERM, SIGHUP };
    for (size_t i = 0; i < sizeof(crash) / sizeof(crash[0]); i++) signal(crash[i], SIG_DFL);
    signal(SIGINT, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
    pthread_atfork(NULL, NULL, in_forked_child);
    /* Not PR_SET_DUMPABLE: it would also take /proc/self away from drivers. */
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    write_text("/proc/self/oom_score_adj", "1000");
    dup2(talk, STDERR_FILENO);
    return keep_only(channel, turn);
}

void worker_hide_shared(const void *arena)
{
    unsigned long from, to;
    char line[512], rights[8];
    FILE *f = fopen("/proc/self/maps", "re");
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) == 3 && rights[1] == 'w' && rights[3] == 's' &&
            from != (unsigned long)arena)
            mprotect((void *)from, to - from, PROT_NONE);
    if (f) fclose(f);
}

/* In bytes; 0 = unknown. */
static unsigned long long available_memory(void)
{
    unsigned long long kib = 0;
    char line[128];
    FILE *f = fopen("/proc/meminfo", "re");
    while (f && fgets(line, sizeof(line), f) && sscanf(line, "MemAvailable: %llu kB", &kib) != 1) continue;
    if (f) fclose(f);
    return kib * 1024;
}

/* Private writable memory of this process, which is what RLIMIT_DATA counts. */
static unsigned long long own_memory(void)
{
    unsigned long long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%*u %*u %*u %*u %*u %llu", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return pages * (unsigned long long)sysconf(_SC_PAGESIZE);
}

/* Processes and threads on the whole machine; 0 = unknown. */
static unsigned long running_tasks(void)
{
    unsigned long n = 0;
    FILE *f = fopen("/proc/loadavg", "re");
    if (f && fscanf(f, "%*f %*f %*f %*u/%lu", &n) != 1) n = 0;
    if (f) fclose(f);
    return n;
}

static void lower_limit(int what, rlim_t to)
{
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)what, &now) == 0 && to < now.rlim_cur)
        setrlimit((__rlimit_resource_t)what, &(struct rlimit){ to, to });
}

void worker_restrain(void)
{
    const unsigned long long available = available_memory();
    const unsigned long tasks = running_tasks();
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (available) lower_limit(RLIMIT_DATA, own_memory() + available / 10 * 9);
    if (tasks) lower_limit(RLIMIT_NPROC, tasks + MORE_TASKS);    /* does not bind root */
}
