/* A loop over [0, n) on several threads that take chunks from an atomic counter. */
#include "harness/parallel.h"
#include "harness/interrupt.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

enum { MAX_THREADS = 256 };

struct loop {
    uint64_t n, chunk, chunks;
    parallel_fn fn;
    void *ctx;
    _Atomic uint64_t next;           /* chunk to take */
};

static uint32_t allowed_cpus(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return (uint32_t)CPU_COUNT(&set);
    const long n = sysconf(_SC_NPROCESSORS_ONLN);   /* more processors than a cpu_set_t holds */
    return n > 0 ? (uint32_t)n : 1;
}

static void *take_chunks(void *arg)
{
    struct loop *l = arg;
    for (;;) {
        const uint64_t i = atomic_fetch_add_explicit(&l->next, 1, memory_order_relaxed);
        if (i >= l->chunks || run_interrupted)
            return NULL;
        const uint64_t begin = i * l->chunk, left = l->n - begin;
        l->fn(l->ctx, begin, begin + (left < l->chunk ? left : l->chunk));
    }
}

void parallel_for(uint64_t n, uint64_t chunk, uint32_t threads, parallel_fn fn, void *ctx)
{
    if (n == 0)
        return;
    struct loop l = { .n = n, .chunk = chunk, .chunks = (n - 1) / chunk + 1, .fn = fn, .ctx = ctx };
    pthread_t thread[MAX_THREADS];
    uint32_t want = threads ? threads : allowed_cpus(), started = 0;
    if (want > l.chunks)
        want = (uint32_t)l.chunks;
    if (want > MAX_THREADS)
        want = MAX_THREADS;
    /* This thread works too, so a thread that cannot be started costs only time. */
    while (started + 1 < want && pthread_create(&thread[started], NULL, take_chunks, &l) == 0)
        started++;
    take_chunks(&l);
    for (uint32_t i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
}
