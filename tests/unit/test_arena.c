/* The memory that parent and workers share: alignment, reuse, refusals, and that a child's writes arrive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "harness/arena.h"

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
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_arena) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
