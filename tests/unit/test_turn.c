/* Tests of harness/turn.c: two processes that take turns never work at once, and neither waits for one that has
 * ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "harness/turn.h"

enum { TURNS = 500 };
/* What both processes see: who worked in each turn, and who is working now. */
struct shared { _Atomic uint32_t working, n; int who[2 * TURNS + 2]; };

static void work(struct shared *s, int me)
{
    if (s->working++ != 0) _exit(1);
    s->who[s->n] = me;
    s->n++;
    s->working--;
}

static void take_turns(struct shared *s, int me, int fd, int turns)
{
    alarm(60);                       /* a test that hangs has failed */
    turn_await(fd);
    for (int i = 0; i < turns; i++) {
        work(s, me);
        if (i + 1 < turns) turn_pass(fd);
    }
    _exit(0);
}

/* Two processes with so many turns each; who[] of the answer says who had them. */
static struct shared *run_both(int first, const int turns[2])
{
    struct shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int fd[2];
    pid_t pid[2];
    assert_true(s != MAP_FAILED);
    assert_int_equal(turn_make(fd, first), 0);
    for (int i = 0; i < 2; i++)
        if ((pid[i] = fork()) == 0) {
            close(fd[!i]);
            take_turns(s, i, fd[i], turns[i]);
        }
    close(fd[0]);
    close(fd[1]);
    for (int i = 0; i < 2; i++) {
        int status;
        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_int_equal(status, 0);
    }
    return s;
}

static void they_alternate(void **unused)
{
    (void)unused;
    for (int first = 0; first < 2; first++) {
        struct shared *s = run_both(first, (const int[2]){ TURNS, TURNS });
        assert_int_equal(s->n, 2 * TURNS);
        for (int i = 0; i < 2 * TURNS; i++) assert_int_equal(s->who[i], i % 2 ? !first : first);
        munmap(s, sizeof *s);
    }
}

static void one_goes_on_when_the_other_has_ended(void **unused)
{
    (void)unused;
    for (int first = 0; first < 2; first++) {
        struct shared *s = run_both(first, (const int[2]){ 3, 10 });
        assert_int_equal(s->n, 13);
        for (int i = 7; i < 13; i++) assert_int_equal(s->who[i], 1);
        munmap(s, sizeof *s);
    }
}

static void ends_of_sockets_are_known(void **unused)
{
    (void)unused;
    int fd[2], pipes[2];
    assert_int_equal(turn_make(fd, 0), 0);
    assert_int_equal(pipe(pipes), 0);
    assert_true(turn_is_end(fd[0]) && turn_is_end(fd[1]));
    assert_false(turn_is_end(pipes[0]));
    close(fd[0]);
    assert_false(turn_is_end(fd[0]));
    turn_await(fd[1]);               /* its partner is gone, the token with it: no waiting */
    turn_pass(fd[1]);
    close(fd[1]);
    close(pipes[0]);
    close(pipes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_alternate),
        cmocka_unit_test(one_goes_on_when_the_other_has_ended),
        cmocka_unit_test(ends_of_sockets_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
