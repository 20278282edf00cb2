/* A pool of threads for short jobs: posting one costs a store for a thread that is still spinning, a futex call for one
 * that sleeps, and threads that come too late are not waited for.
 *
 * The caller posts a job to as many workers as can get an item, then works itself.  Items are handed out in chunks that
 * shrink towards the end.  When none are left the caller withdraws the job from workers that have not begun, and waits for
 * the others.  So a busy machine that does not schedule a worker costs parallelism, never a stall.
 *
 * state of a worker:   IDLE -> POSTED (caller) -> TAKEN (worker) -> IDLE (worker)
 *                      POSTED -> IDLE (caller withdraws)       IDLE -> ASLEEP (worker), ASLEEP -> POSTED (caller wakes it)
 *                      TAKEN -> AWAITED (caller sleeps until IDLE)       any -> QUIT (caller)
 * The change to POSTED publishes the job, the change from TAKEN or AWAITED to IDLE publishes the results. */
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "backends/cpu/cpu_internal.h"

enum { IDLE, POSTED, TAKEN, AWAITED, ASLEEP, QUIT };
enum { ALIGN = 64,           /* a cache line; also the alignment of scratch */
       SPINS = 1000,         /* some 10 us: longer than the gap between two dispatches of one run, shorter than a time slice */
       SHARES = 4 };         /* a chunk is 1/SHARES of a thread's even share of what is left */

struct worker {
    _Alignas(ALIGN) _Atomic uint32_t state;
    struct cpu_pool *pool;
    void *scratch;
    pthread_t thread;
};

struct cpu_pool {
    mxb_cpu_fn fn;                   /* the job: written while no worker is POSTED or TAKEN */
    const struct mxb_args *args;
    int64_t items;
    uint64_t scratch_bytes;          /* of every thread */
    void *scratch;                   /* the caller's */
    uint32_t nworker;
    bool apart;                      /* each thread has a processor of its own, the caller `home` while it works */
    cpu_set_t home, allowed;         /* allowed: where the caller may be otherwise */
    _Alignas(ALIGN) _Atomic int64_t next;    /* first item not handed out */
    struct worker worker[];
};

static void futex_wait(_Atomic uint32_t *word, uint32_t while_value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, while_value, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0); }

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Spins a little until *word is no longer `value`, and returns what it is then. */
static uint32_t spin_while(_Atomic uint32_t *word, uint32_t value)
{
    uint32_t now = atomic_load_explicit(word, memory_order_acquire);
    for (int i = 0; i < SPINS && now == value; i++) {
        relax();
        now = atomic_load_explicit(word, memory_order_acquire);
    }
    return now;
}

static bool change(_Atomic uint32_t *word, uint32_t from, uint32_t to)
{
    return atomic_compare_exchange_strong_explicit(word, &from, to, memory_order_acq_rel, memory_order_acquire);
}

/* Rounding, flushing to zero and traps of this thread's vector unit, without the flags of what has happened. */
static uint32_t float_modes(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_stmxcsr() & ~0x3fu;
#else
    return 0;
#endif
}

static void set_float_modes(uint32_t modes)
{
#if defined(__x86_64__)
    __builtin_ia32_ldmxcsr(modes);
#else
    (void)modes;
#endif
}

/* Takes chunks of the job until none are left.  A kernel that changes the modes keeps them to itself. */
static void work(struct cpu_pool *p, void *scratch)
{
    const uint32_t modes = float_modes();
    struct mxb_args args = *p->args;
    args.scratch = scratch;
    int64_t begin = atomic_load_explicit(&p->next, memory_order_relaxed);
    while (begin < p->items) {
        const int64_t share = (p->items - begin) / (SHARES * ((int64_t)p->nworker + 1)), n = share > 1 ? share : 1;
        if (!atomic_compare_exchange_weak_explicit(&p->next, &begin, begin + n, memory_order_relaxed, memory_order_relaxed))
            continue;
        p->fn(&args, begin, begin + n);
        begin = atomic_load_explicit(&p->next, memory_order_relaxed);
    }
    if (float_modes() != modes) set_float_modes(modes);
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    for (;;) {
        const uint32_t state = spin_while(&w->state, IDLE);
        if (state == QUIT) return NULL;
        if (state == POSTED && change(&w->state, POSTED, TAKEN)) {
            work(w->pool, w->scratch);
            if (atomic_exchange_explicit(&w->state, IDLE, memory_order_acq_rel) == AWAITED) futex_wake(&w->state);
        } else if (state == ASLEEP || (state == IDLE && change(&w->state, IDLE, ASLEEP))) {
            futex_wait(&w->state, ASLEEP);
        }
    }
}

static void post(struct worker *w, uint32_t state)
{
    if (atomic_exchange_explicit(&w->state, state, memory_order_acq_rel) == ASLEEP) futex_wake(&w->state);
}

static void join(struct worker *w)
{
    if (change(&w->state, POSTED, IDLE)) return;
    uint32_t state = spin_while(&w->state, TAKEN);
    while (state == TAKEN || state == AWAITED) {
        if (state == AWAITED || change(&w->state, TAKEN, AWAITED)) futex_wait(&w->state, AWAITED);
        state = atomic_load_explicit(&w->state, memory_order_acquire);
    }
}

void cpu_pool_run(struct cpu_pool *p, mxb_cpu_fn fn, const struct mxb_args *args, int64_t items)
{
    const uint32_t helpers = items - 1 < p->nworker ? (uint32_t)(items > 0 ? items - 1 : 0) : p->nworker;
    p->fn = fn;
    p->args = args;
    p->items = items;
    atomic_store_explicit(&p->next, 0, memory_order_relaxed);
    for (uint32_t i = 0; i < helpers; i++) post(&p->worker[i], POSTED);
    work(p, p->scratch);
    for (uint32_t i = 0; i < helpers; i++) join(&p->worker[i]);
}

/* The n-th of the allowed processors, which are more than n. */
static cpu_set_t nth_processor(const cpu_set_t *allowed, uint32_t n)
{
    cpu_set_t one;
    size_t cpu = 0;
    while (!CPU_ISSET(cpu, allowed) || n-- > 0) cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return one;
}

/* Linux may leave caller and helper on one processor for half a second while another idles.  With fewer threads than
 * processors nobody is bound: other processes of this program would choose the same ones. */
static void find_homes(struct cpu_pool *p, uint32_t threads)
{
    p->apart = threads > 1 && sched_getaffinity(0, sizeof p->allowed, &p->allowed) == 0 &&
               (uint32_t)CPU_COUNT(&p->allowed) == threads;
    if (p->apart) p->home = nth_processor(&p->allowed, 0);
}

void cpu_pool_gather(struct cpu_pool *p)
{
    if (p->apart) pthread_setaffinity_np(pthread_self(), sizeof p->home, &p->home);
}

void cpu_pool_scatter(struct cpu_pool *p)
{
    if (p->apart) pthread_setaffinity_np(pthread_self(), sizeof p->allowed, &p->allowed);
}

int cpu_pool_new(uint32_t threads, struct cpu_pool **out)
{
    struct cpu_pool *p;
    void *mem;
    if (posix_memalign(&mem, ALIGN, sizeof *p + (threads - 1) * sizeof p->worker[0])) return MXB_ENOMEM;
    p = mem;
    *p = (struct cpu_pool){ 0 };
    find_homes(p, threads);
    for (uint32_t i = 0; i < threads - 1; i++) {
        struct worker *w = &p->worker[i];
        *w = (struct worker){ .state = IDLE, .pool = p };
        if (pthread_create(&w->thread, NULL, worker_main, w)) {
            cpu_pool_free(p);
            return MXB_EDEVICE;
        }
        pthread_setname_np(w->thread, "mxb-cpu");
        p->nworker++;
        if (p->apart) {
            const cpu_set_t one = nth_processor(&p->allowed, i + 1);
            pthread_setaffinity_np(w->thread, sizeof one, &one);
        }
    }
    *out = p;
    return 0;
}

void cpu_pool_free(struct cpu_pool *p)
{
    if (!p) return;
    for (uint32_t i = 0; i < p->nworker; i++) post(&p->worker[i], QUIT);
    for (uint32_t i = 0; i < p->nworker; i++) {
        pthread_join(p->worker[i].thread, NULL);
        free(p->worker[i].scratch);
    }
    free(p->scratch);
    free(p);
}

static int grow(void **scratch, uint64_t bytes)
{
    void *mem;
    if (posix_memalign(&mem, ALIGN, bytes)) return MXB_ENOMEM;
    free(*scratch);
    *scratch = mem;
    return 0;
}

int cpu_pool_reserve(struct cpu_pool *p, uint64_t bytes)
{
    if (bytes <= p->scratch_bytes) return 0;
    int rc = grow(&p->scratch, bytes);
    for (uint32_t i = 0; rc == 0 && i < p->nworker; i++) rc = grow(&p->worker[i].scratch, bytes);
    if (rc == 0) p->scratch_bytes = bytes;
    return rc;
}
