/* Lets a program linked against a newer glibc start on glibc 2.31: each function that got a new symbol version since then
 * is wrapped (ld --wrap) and forwarded to its old version, which every glibc still has.  Linked into the bundle only. */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

/* FORWARD(2.2.5, int, close_it, (int fd), (fd)): calls of close_it go to close_it@GLIBC_2.2.5. */
#define FORWARD(version, type, name, params, args) FORWARD_TO(version, type, name, name, params, args)
#define FORWARD_TO(version, type, name, old, params, args) \
    type old_##name params; \
    __asm__(".symver old_" #name "," #old "@GLIBC_" #version); \
    type __wrap_##name params; \
    type __wrap_##name params { return old_##name args; }
/* stat() and its relatives were inline functions around these, which take the version of the structure first. */
#define FORWARD_STAT(version, name, old, params, args, ...) \
    int old_##name(int, __VA_ARGS__); \
    __asm__(".symver old_" #name "," #old "@GLIBC_" #version); \
    int __wrap_##name params; \
    int __wrap_##name params { return old_##name args; }

FORWARD(2.2.5, int, pthread_create, (pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *arg), (t, a, f, arg))
FORWARD(2.2.5, int, pthread_join, (pthread_t t, void **result), (t, result))
FORWARD(2.2.5, int, pthread_detach, (pthread_t t), (t))
FORWARD(2.12, int, pthread_setname_np, (pthread_t t, const char *name), (t, name))
FORWARD(2.3.4, int, pthread_setaffinity_np, (pthread_t t, size_t n, const cpu_set_t *set), (t, n, set))
FORWARD(2.2.5, int, pthread_mutex_trylock, (pthread_mutex_t *m), (m))
FORWARD(2.2.5, int, pthread_mutexattr_init, (pthread_mutexattr_t *a), (a))
FORWARD(2.2.5, int, pthread_mutexattr_settype, (pthread_mutexattr_t *a, int kind), (a, kind))
FORWARD(2.2.5, int, pthread_mutexattr_destroy, (pthread_mutexattr_t *a), (a))
FORWARD(2.2.5, void *, dlopen, (const char *name, int flags), (name, flags))
FORWARD(2.2.5, void *, dlsym, (void *handle, const char *name), (handle, name))
FORWARD(2.2.5, int, dlclose, (void *handle), (handle))
FORWARD(2.2.5, char *, dlerror, (void), ())
FORWARD_STAT(2.2.5, stat, __xstat, (const char *path, struct stat *s), (1, path, s), const char *, struct stat *)
FORWARD_STAT(2.2.5, lstat, __lxstat, (const char *path, struct stat *s), (1, path, s), const char *, struct stat *)
FORWARD_STAT(2.2.5, fstat, __fxstat, (int fd, struct stat *s), (1, fd, s), int, struct stat *)
FORWARD_STAT(2.2.5, stat64, __xstat64, (const char *path, struct stat64 *s), (1, path, s), const char *, struct stat64 *)
FORWARD_STAT(2.2.5, lstat64, __lxstat64, (const char *path, struct stat64 *s), (1, path, s), const char *, struct stat64 *)
FORWARD_STAT(2.2.5, fstat64, __fxstat64, (int fd, struct stat64 *s), (1, fd, s), int, struct stat64 *)
FORWARD_STAT(2.4, fstatat, __fxstatat, (int dir, const char *path, struct stat *s, int flags), (1, dir, path, s, flags),
             int, const char *, struct stat *, int)

/* New in 2.32. */
const char *__wrap_sigabbrev_np(int signal);
const char *__wrap_sigabbrev_np(int signal)
{
    static const struct { int signal; const char *name; } table[] = {
        { SIGABRT, "ABRT" }, { SIGBUS, "BUS" }, { SIGFPE, "FPE" }, { SIGILL, "ILL" }, { SIGINT, "INT" }, { SIGKILL, "KILL" },
        { SIGPIPE, "PIPE" }, { SIGSEGV, "SEGV" }, { SIGSYS, "SYS" }, { SIGTERM, "TERM" }, { SIGTRAP, "TRAP" },
        { SIGALRM, "ALRM" }, { SIGHUP, "HUP" }, { SIGQUIT, "QUIT" }, { SIGXCPU, "XCPU" }, { SIGXFSZ, "XFSZ" },
    };
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].signal == signal) return table[i].name;
    return NULL;
}

/* The old start routine leaves the program's constructors to the program. */
typedef void (*constructor)(int, char **, char **);
extern const constructor __preinit_array_start[], __preinit_array_end[], __init_array_start[], __init_array_end[];

static int construct(int argc, char **argv, char **env)
{
    for (const constructor *c = __preinit_array_start; c < __preinit_array_end; c++) (*c)(argc, argv, env);
    for (const constructor *c = __init_array_start; c < __init_array_end; c++) (*c)(argc, argv, env);
    return 0;
}

typedef void (*destructor)(void);
extern const destructor __fini_array_start[], __fini_array_end[];

static void destruct(void)
{
    for (const destructor *d = __fini_array_end; d > __fini_array_start; ) (*--d)();
}

int old___libc_start_main(int (*start)(int, char **, char **), int argc, char **argv, int (*init)(int, char **, char **),
                          void (*fini)(void), void (*rtld_fini)(void), void *stack_end);
__asm__(".symver old___libc_start_main,__libc_start_main@GLIBC_2.2.5");
int __wrap___libc_start_main(int (*start)(int, char **, char **), int argc, char **argv, int (*init)(int, char **, char **),
                             void (*fini)(void), void (*rtld_fini)(void), void *stack_end);
int __wrap___libc_start_main(int (*start)(int, char **, char **), int argc, char **argv, int (*init)(int, char **, char **),
                             void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
    (void)init;
    (void)fini;
    return old___libc_start_main(start, argc, argv, construct, destruct, rtld_fini, stack_end);
}
