/* The thread loop of the oracle: each index once, in chunks that do not depend on the threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <assert.h>
#include <stdatomic.h>
#include <string.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_index_once) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
