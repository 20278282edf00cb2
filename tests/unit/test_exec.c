/* Guard zones, poison and unchanged inputs, with a fake device whose kernel does one chosen wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/exec.h"
#include "tests/unit/toy_op.h"

/* ---- the fake device: buffers are host memory, a run calls `kernel` with the step's bindings ---- */

struct mxb_buf { unsigned char *data; uint64_t bytes; };
struct fake { struct mxb_dev base; uint32_t buffers, runs; int fail; };
static void (*kernel)(const struct mxb_step *);
static struct fake *last;            /* the device that is open */

static int fake_open(int index, const struct mxb_open_opts *o, struct mxb_dev **out, char *err, size_t errlen);
static void fake_close(struct mxb_dev *d)
{
    assert_int_equal(((struct fake *)d)->buffers, 0);    /* every buffer was released */
    last = NULL;
    free(d);
}
static int fake_alloc(struct mxb_dev *d, uint64_t bytes, struct mxb_buf **out)
{
    struct fake *f = (struct fake *)d;
    if (f->fail == MXB_ENOMEM) return mxb_fail(d, MXB_ENOMEM, "no device memory");
    *out = calloc(1, sizeof **out);
    (*out)->data = calloc(1, bytes);
    (*out)->bytes = bytes;
    f->buffers++;
    return 0;
}
static void fake_release(struct mxb_dev *d, struct mxb_buf *b)
{
    if (!b) return;
    ((struct fake *)d)->buffers--;
    free(b->data);
    free(b);
}
static int fake_upload(struct mxb_dev *d, struct mxb_buf *b, uint64_t off, const void *src, uint64_t n)
{
    (void)d;
    assert_true(off + n <= b->bytes);
    memcpy(b->data + off, src, n);
    return 0;
}
static int fake_download(struct mxb_dev *d, struct mxb_buf *b, uint64_t off, void *dst, uint64_t n)
{
    (void)d;
    assert_true(off + n <= b->bytes);
    memcpy(dst, b->data + off, n);
    return 0;
}
static int fake_run(struct mxb_dev *d, const struct mxb_step *s, uint32_t n, uint32_t reps, struct mxb_time *t)
{
    struct fake *f = (struct fake *)d;
    if (f->fail == MXB_EDEVICE) return mxb_fail(d, MXB_EDEVICE, "device lost");
    for (uint32_t r = 0; r < reps; r++)
        for (uint32_t i = 0; i < n; i++) kernel(&s[i]);
    f->runs += reps;
    *t = (struct mxb_time){ -1, 1000 };
    return 0;
}
static const struct mxb_backend fake_be = {
    .abi = MXB_BACKEND_ABI, .name = "fake", .lang = "c", .open = fake_open, .close = fake_close, .alloc = fake_alloc,
    .release = fake_release, .upload = fake_upload, .download = fake_download, .run = fake_run,
};
static int fake_open(int index, const struct mxb_open_opts *o, struct mxb_dev **out, char *err, size_t errlen)
{
    (void)index; (void)o; (void)err; (void)errlen;
    struct fake *f = calloc(1, sizeof *f);
    f->base.be = &fake_be;
    f->base.caps = (struct mxb_caps){ .max_wg = 64, .max_wg_dim = { 64, 64, 64 }, .max_groups = { 65535, 65535, 65535 },
                                      .mem_bytes = 1 << 30, .max_buffer = 1 << 28, .push_bytes = 128, .max_bind = 16,
                                      .bind_align = 96 };
    last = f;
    *out = &f->base;
    return 0;
}

/* ---- one case of the toy op ---- */

static char err[MXB_ERRLEN];
struct fixture {
    struct exec *x;
    struct toy_params params;
    struct plan plan;
    void *stored[MXB_MAX_BIND], *out[MXB_MAX_BIND];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct mxb_problem pr;
    f->params = (struct toy_params){ 8, 16, 0, 0.1f, -1, 1 };
    if (exec_open(&fake_be, 0, &(struct mxb_open_opts){ 0 }, NULL, &f->x, err, sizeof err)) fail_msg("%s", err);
    assert_int_equal(problem_init(&pr, &toy_op, &toy_entry[0], &f->params, 1, MXB_FILL_NORMAL, err, sizeof err), 0);
    if (plan_make(&pr, "c", exec_caps(f->x), -1, NULL, 0, &f->plan, err, sizeof err)) fail_msg("%s", err);
    for (uint32_t t = 0; t < TOY_NTENSOR; t++) {
        const uint64_t n = problem_bytes(&f->plan.pr, t);
        f->stored[t] = problem_reads(&f->plan.pr, t) ? malloc(n) : NULL;
        f->out[t] = problem_writes(&f->plan.pr, t) ? calloc(1, n) : NULL;
        if (f->stored[t]) memset(f->stored[t], 1 + (int)t, n);
    }
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    exec_close(f->x);
    assert_null(last);
    for (uint32_t t = 0; t < TOY_NTENSOR; t++) {
        free(f->stored[t]);
        free(f->out[t]);
    }
    free(f);
    return 0;
}

static unsigned char *at(const struct mxb_step *s, uint32_t t) { return s->bind[t].buf->data + s->bind[t].off; }

/* Loads, runs once and fetches with the chosen kernel; the code of the fetch. */
static int run_with(struct fixture *f, void (*k)(const struct mxb_step *))
{
    struct mxb_time t;
    kernel = k;
    *err = 0;
    assert_int_equal(exec_load(f->x, &f->plan, f->stored, 1, err, sizeof err), 0);
    assert_int_equal(exec_run(f->x, 1, &t, err, sizeof err), 0);
    return exec_fetch(f->x, f->stored, f->out, true, err, sizeof err);
}

static void good(const struct mxb_step *s)
{
    assert_int_equal(s->bind[TOY_A].off % 96, 0);        /* the device's alignment */
    assert_int_equal(at(s, TOY_A)[0], 1);                /* inputs arrive */
    assert_int_equal(at(s, TOY_STATE)[0], 1 + TOY_STATE);
    memset(at(s, TOY_Y), 42, s->bind[TOY_Y].len);
    memset(at(s, TOY_COUNT), 43, s->bind[TOY_COUNT].len);
    memset(at(s, TOY_STATE), 44, s->bind[TOY_STATE].len);
}
static void silent(const struct mxb_step *s) { (void)s; }
static void before(const struct mxb_step *s) { good(s); at(s, TOY_Y)[-1] ^= 1; }
static void after(const struct mxb_step *s) { good(s); at(s, TOY_COUNT)[s->bind[TOY_COUNT].len + 3] ^= 1; }
static void beside_input(const struct mxb_step *s) { good(s); at(s, TOY_B)[s->bind[TOY_B].len] ^= 0x80; }
static void changes_input(const struct mxb_step *s) { good(s); at(s, TOY_A)[5] = 0; }

static void test_good(void **state)
{
    struct fixture *f = *state;
    if (run_with(f, good)) fail_msg("%s", err);
    assert_int_equal(((unsigned char *)f->out[TOY_Y])[31], 42);
    assert_int_equal(((unsigned char *)f->out[TOY_COUNT])[63], 43);
    assert_int_equal(((unsigned char *)f->out[TOY_STATE])[31], 44);
}

/* What the kernel leaves alone is NaN, never yesterday's right answer. */
static void test_poison(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run_with(f, good), 0);
    assert_int_equal(run_with(f, silent), 0);
    const float *y = f->out[TOY_Y];
    for (int i = 0; i < 8; i++) assert_true(isnan(y[i]));
    assert_int_equal(((unsigned char *)f->out[TOY_STATE])[0], 1 + TOY_STATE);    /* in-out: as it was uploaded */
}

static void wrong(struct fixture *f, void (*k)(const struct mxb_step *), const char *say)
{
    assert_int_equal(run_with(f, k), MXB_EINVAL);
    if (!strstr(err, say)) fail_msg("'%s' does not say '%s'", err, say);
    assert_int_equal(((unsigned char *)f->out[TOY_STATE])[31], 44);      /* outputs are there for the report all the same */
    if (run_with(f, good)) fail_msg("the next case: %s", err);
}

static void test_wrongs(void **state)
{
    struct fixture *f = *state;
    wrong(f, before, "wrote outside of y: byte 1 before it");
    wrong(f, after, "wrote outside of count: byte 3 past the end of it");
    wrong(f, beside_input, "wrote outside of b: byte 0 past the end of it");
    wrong(f, changes_input, "changed its input a at byte 5");
}

/* Every buffer set gets its own inputs and guards, and a run covers all sets. */
static uint32_t sets_seen;
static void count_sets(const struct mxb_step *s) { (void)s; sets_seen++; }

static void test_sets(void **state)
{
    struct fixture *f = *state;
    struct mxb_time t;
    kernel = count_sets;
    assert_int_equal(exec_load(f->x, &f->plan, f->stored, 3, err, sizeof err), 0);
    assert_true(exec_set_bytes(f->x) >= problem_min_bytes(&f->plan.pr));
    assert_int_equal(exec_run(f->x, 2, &t, err, sizeof err), 0);
    assert_int_equal(sets_seen, 6);
    assert_int_equal(exec_fetch(f->x, f->stored, f->out, true, err, sizeof err), 0);
}

/* ---- two steps that share a and, in place, state ---- */

static uint32_t calls, bad_call;     /* bad_call: the one that writes outside of state, 0 = none */
static void second_sees_first(const struct mxb_step *s)
{
    assert_int_equal(at(s, TOY_A)[0], 1);
    assert_int_equal(at(s, TOY_STATE)[0], calls % 2 ? 44 : 1 + TOY_STATE);
    memset(at(s, TOY_Y), 42, s->bind[TOY_Y].len);
    memset(at(s, TOY_COUNT), 43, s->bind[TOY_COUNT].len);
    memset(at(s, TOY_STATE), calls % 2 ? 45 : 44, s->bind[TOY_STATE].len);
    if (++calls == bad_call) at(s, TOY_STATE)[-2] ^= 1;
}

static void test_chain(void **state)
{
    struct fixture *f = *state;
    struct plan second = f->plan;
    void *stored[2 * MXB_MAX_BIND] = { NULL }, *out[2 * MXB_MAX_BIND] = { NULL };
    unsigned char last_state[2][64], y[2][64], count[2][128];
    struct mxb_time t;
    memcpy(stored, f->stored, sizeof f->stored);
    memcpy(stored + MXB_MAX_BIND, f->stored, sizeof f->stored);
    for (uint32_t k = 0; k < 2; k++) {
        out[plan_tensor(k, TOY_STATE)] = last_state[k];
        out[plan_tensor(k, TOY_Y)] = y[k];
        out[plan_tensor(k, TOY_COUNT)] = count[k];
    }
    second.from[TOY_A] = 1 + TOY_A;
    second.from[TOY_STATE] = 1 + TOY_STATE;
    snprintf(second.name, sizeof second.name, "second");
    f->plan.next = &second;
    kernel = second_sees_first;
    assert_int_equal(exec_load(f->x, &f->plan, stored, 1, err, sizeof err), 0);
    for (uint32_t k = 0; k < 2; k++) {
        assert_int_equal(exec_run_step(f->x, k, &t, err, sizeof err), 0);
        if (exec_fetch_step(f->x, k, stored, out, true, err, sizeof err)) fail_msg("%s", err);
    }
    assert_int_equal(calls, 2);
    assert_int_equal(last_state[0][0], 44);
    assert_int_equal(last_state[1][0], 45);
    assert_int_equal(exec_load(f->x, &f->plan, stored, 1, err, sizeof err), 0);
    bad_call = 4;
    assert_int_equal(exec_run(f->x, 1, &t, err, sizeof err), 0);
    assert_int_equal(exec_fetch_step(f->x, 1, stored, out, true, err, sizeof err), MXB_EINVAL);
    assert_string_equal(err, "second: wrote outside of state: byte 2 before it");
    const uint32_t both = last->buffers;
    f->plan.next = NULL;                                 /* what the next case has no use for is given back */
    assert_int_equal(exec_load(f->x, &f->plan, stored, 1, err, sizeof err), 0);
    assert_int_equal(both - last->buffers, TOY_NTENSOR - 2);
}

static void test_device_errors(void **state)
{
    struct fixture *f = *state;
    struct mxb_time t;
    last->fail = MXB_ENOMEM;
    assert_int_equal(exec_load(f->x, &f->plan, f->stored, 1, err, sizeof err), MXB_ENOMEM);
    assert_string_equal(err, "no device memory");
    last->fail = 0;
    assert_int_equal(exec_load(f->x, &f->plan, f->stored, 1, err, sizeof err), 0);
    last->fail = MXB_EDEVICE;
    assert_int_equal(exec_run(f->x, 1, &t, err, sizeof err), MXB_EDEVICE);
    assert_string_equal(err, "device lost");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = { T(test_good), T(test_poison), T(test_wrongs), T(test_sets), T(test_chain),
                                         T(test_device_errors) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
