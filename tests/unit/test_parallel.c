/* The oracle's thread loop, and the memory that processes share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <assert.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "harness/arena.h"
#include "harness/parallel.h"

enum { N = 10007 };
struct seen { _Atomic int times[N]; _Atomic uint64_t calls; uint64_t chunk; };

static void see(void *ctx, uint64_t begin, uint64_t end)
{
    struct seen *s = ctx;
    assert(begin < end && end <= N && begin % s->chunk == 0 && (end - begin == s->chunk || end == N));
    for (uint64_t i = begin; i < end; i++) s->times[i]++;
    s->calls++;
}

static void test_every_index_once(void **state)
{
    (void)state;
    static const uint64_t chunk[] = { 1, 7, 1000, N - 1, N, 10 * N };
    for (uint32_t threads = 0; threads < 5; threads++)
        for (size_t c = 0; c < sizeof chunk / sizeof *chunk; c++) {
            static struct seen s;
            memset(&s, 0, sizeof s);
            s.chunk = chunk[c];
            parallel_for(N, chunk[c], threads, see, &s);
            for (int i = 0; i < N; i++) assert_int_equal(s.times[i], 1);
            assert_int_equal(s.calls, (N + chunk[c] - 1) / chunk[c]);
        }
    static struct seen none;
    parallel_for(0, 5, 3, see, &none);
    assert_int_equal(none.calls, 0);
}

static void test_arena(void **state)
{
    (void)state;
    struct arena a;
    assert_int_equal(arena_new(&a), 0);
    char *p = arena_alloc(&a, 1), *q = arena_alloc(&a, 100);
    assert_true((uintptr_t)p % 64 == 0 && q == p + 64 && arena_alloc(&a, 1) == (void *)(q + 128));
    const uint64_t mark = arena_mark(&a);
    char *r = arena_alloc(&a, 5000);
    memset(r, 1, 5000);
    arena_release(&a, mark);
    assert_ptr_equal(arena_alloc(&a, 5000), r);
    for (int i = 0; i < 5000; i++) assert_int_equal(r[i], 0);        /* reused memory is clean */
    assert_null(arena_alloc(&a, UINT64_MAX));
    assert_null(arena_alloc(&a, UINT64_MAX - 200));
    assert_null(arena_alloc(&a, a.size));
    assert_non_null(arena_alloc(&a, 64));                            /* a refusal costs nothing */

    /* Large memory given back comes back zeroed. */
    const uint64_t big = arena_mark(&a);
    char *s = arena_alloc(&a, 400u << 20);
    assert_non_null(s);
    s[399u << 20] = 7;
    arena_release(&a, big);
    s = arena_alloc(&a, 400u << 20);
    assert_int_equal(s[399u << 20], 0);

    const pid_t child = fork();                                      /* what a worker writes, the parent reads */
    if (child == 0) {
        *p = 42;
        _exit(0);
    }
    waitpid(child, NULL, 0);
    assert_int_equal(*p, 42);
    arena_free(&a);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_index_once), cmocka_unit_test(test_arena) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
