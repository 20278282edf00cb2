/* Workers and their jobs, with a fake driver that goes wrong in the call and the way that the test asks for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "harness/devices.h"
#include "harness/interrupt.h"
#include "harness/ops.h"

/* ---- the driver: what it does is set before a worker is forked ---- */

enum call { COUNT, INFO, OPEN, ALLOC, UPLOAD, COMPILE, RUN, DOWNLOAD, NCALL };
static const char *const phase[NCALL] = {
    " while listing devices", " while listing devices", " while opening the device", " while copying to the device",
    " while copying to the device", " while compiling", " while running", " while copying back",
};
static enum call where = NCALL;
static int (*what)(struct mxb_dev *);        /* its code, or it does not return; NULL = the driver is fine */
static bool damaged;                         /* by an earlier job of this worker */

static int at(enum call c, struct mxb_dev *d) { return c == where && what ? what(d) : 0; }

struct mxb_buf { unsigned char *data; };

static int fake_count(char *why, size_t n)
{
    (void)why; (void)n;
    at(COUNT, NULL);
    return 1;
}
static int fake_info(int index, struct mxb_caps *c, char *err, size_t errlen)
{
    (void)index; (void)err; (void)errlen;
    at(INFO, NULL);
    *c = (struct mxb_caps){ .name = "Fake", .max_wg = 64, .max_wg_dim = { 64, 64, 64 },
                            .max_groups = { 65535, 65535, 65535 }, .mem_bytes = 1 << 30, .max_buffer = 1 << 28,
                            .push_bytes = 128, .max_bind = 16, .bind_align = 64 };
    return 0;
}
static int fake_open(int index, const struct mxb_open_opts *o, struct mxb_dev **out, char *err, size_t errlen);
static void fake_close(struct mxb_dev *d) { free(d); }
static int fake_alloc(struct mxb_dev *d, uint64_t bytes, struct mxb_buf **out)
{
    const int rc = at(ALLOC, d);
    if (rc) return rc;
    *out = malloc(sizeof **out);
    (*out)->data = calloc(1, bytes);
    return 0;
}
static void fake_release(struct mxb_dev *d, struct mxb_buf *b)
{
    (void)d;
    if (b) free(b->data);
    free(b);
}
static int fake_upload(struct mxb_dev *d, struct mxb_buf *b, uint64_t off, const void *src, uint64_t n)
{
    memcpy(b->data + off, src, n);
    return at(UPLOAD, d);
}
static int fake_download(struct mxb_dev *d, struct mxb_buf *b, uint64_t off, void *dst, uint64_t n)
{
    memcpy(dst, b->data + off, n);
    return at(DOWNLOAD, d);
}
static int fake_compile(struct mxb_dev *d, const struct mxb_shader *s, struct mxb_pipe **out)
{
    (void)s;
    *out = NULL;
    return at(COMPILE, d);
}
static void fake_destroy(struct mxb_dev *d, struct mxb_pipe *p) { (void)d; (void)p; }
static int fake_run(struct mxb_dev *d, const struct mxb_step *s, uint32_t n, uint32_t reps, struct mxb_time *t)
{
    const int rc = at(RUN, d);
    const pid_t pid = getpid();
    (void)n;
    memcpy(s->bind[2].buf->data + s->bind[2].off, &pid, sizeof pid);     /* y */
    *t = (struct mxb_time){ -1, 1e5 * reps };
    return rc;
}
static const struct mxb_backend fake_be = {
    .abi = MXB_BACKEND_ABI, .name = "fake", .lang = "c", .count = fake_count, .info = fake_info, .open = fake_open,
    .close = fake_close, .alloc = fake_alloc, .release = fake_release, .upload = fake_upload, .download = fake_download,
    .compile = fake_compile, .destroy = fake_destroy, .run = fake_run,
};
static int fake_open(int index, const struct mxb_open_opts *o, struct mxb_dev **out, char *err, size_t errlen)
{
    (void)o;
    struct mxb_dev *d = calloc(1, sizeof *d);
    d->be = &fake_be;
    fake_info(index, &d->caps, err, errlen);
    *out = d;
    return at(OPEN, d);
}

/* ---- ways to go wrong ---- */

static int do_abort(struct mxb_dev *d) { (void)d; abort(); }
static int do_illegal(struct mxb_dev *d) { (void)d; return raise(SIGILL); }
static int do_exit(struct mxb_dev *d) { (void)d; exit(0); }
static int complain(struct mxb_dev *d)
{
    (void)d;
    fprintf(stderr, "# one\n# the driver's \x1b last words\n");
    abort();
}
static int flood(struct mxb_dev *d)
{
    char text[4096];
    (void)d;
    memset(text, '#', sizeof text);
    for (int i = 0; i < 1000; i++)
        if (write(2, text, sizeof text) < 0) return 0;
    return 0;
}
static int do_hang(struct mxb_dev *d)
{
    (void)d;
    while (pause() < 0) continue;
    return 0;
}
static int lose_device(struct mxb_dev *d) { return mxb_fail(d, MXB_EDEVICE, "lost in process %d", (int)getpid()); }
static int lack_memory(struct mxb_dev *d) { return mxb_fail(d, MXB_ENOMEM, "full in process %d", (int)getpid()); }
static int lack_feature(struct mxb_dev *d) { return mxb_fail(d, MXB_EUNSUP, "process %d cannot", (int)getpid()); }
static int damage(struct mxb_dev *d)
{
    (void)d;
    if (damaged) abort();
    damaged = true;
    return 0;
}
static void *target;
static int write_to_target(struct mxb_dev *d)
{
    (void)d;
    memset(target, 0x55, 64);
    return 0;
}

/* ---- one case of rms_norm ---- */

static char err[MXB_ERRLEN];
struct fixture {
    struct arena arena;
    struct device_list list;
    struct device device;
    struct plan plan;
    void *x, *w;
    uint32_t params[3];
};

static int setup(void **state)
{
    static struct fixture f;
    const float eps = 1e-6f;
    struct mxb_problem pr;
    const struct mxb_op *op = ops_find("rms_norm");
    where = NCALL;
    what = NULL;
    f = (struct fixture){ .list = { .timeout_s = 60 } };
    assert_int_equal(arena_new(&f.arena), 0);
    f.list.arena = &f.arena;
    f.device = (struct device){ .be = &fake_be, .label = "fake:0" };
    fake_info(0, &f.device.caps, err, sizeof err);
    f.params[0] = 3;
    f.params[1] = 1000;
    memcpy(&f.params[2], &eps, sizeof eps);
    assert_int_equal(problem_init(&pr, op, &op->entry[0], f.params, 1, MXB_FILL_NORMAL, err, sizeof err), 0);
    if (plan_make(&pr, "c", &f.device.caps, -1, NULL, 0, &f.plan, err, sizeof err)) fail_msg("%s", err);
    f.x = arena_alloc(&f.arena, problem_bytes(&f.plan.pr, 0));
    f.w = arena_alloc(&f.arena, 1 << 16);
    memset(f.x, 7, problem_bytes(&f.plan.pr, 0));
    *state = &f;
    return 0;
}
static int teardown(void **state)
{
    struct fixture *f = *state;
    for (uint32_t r = 0; r < MAX_ROUNDS; r++) worker_stop(f->device.worker[r]);
    arena_free(&f->arena);
    assert_int_equal(waitpid(-1, NULL, 0), -1);          /* no child is left, not even a zombie */
    assert_int_equal(errno, ECHILD);
    return 0;
}

static struct job *make_job(struct fixture *f, enum job_kind kind)
{
    struct arena *a = &f->arena;
    struct job *j = job_new(a, kind);
    const size_t pointers = MXB_MAX_BIND * sizeof(void *);
    void **stored = arena_alloc(a, pointers), **out = arena_alloc(a, pointers), **again = arena_alloc(a, pointers);
    struct plan *plan = arena_alloc(a, sizeof *plan);
    *plan = f->plan;
    stored[0] = f->x;
    stored[1] = f->w;
    j->plan = plan;
    j->stored = stored;
    j->out = out;
    j->again = again;
    j->inputs_too = true;
    assert_int_equal(job_open_window(a, j), 0);
    out[2] = arena_alloc(a, problem_bytes(&plan->pr, 2));
    again[2] = arena_alloc(a, problem_bytes(&plan->pr, 2));
    j->timing = arena_alloc(a, sizeof *j->timing);
    measure_defaults(&j->measure);
    j->measure.min_time_ns = j->measure.max_time_ns = 1e6;
    job_close_window(a, j);
    return j;
}
static enum mxb_status call(struct fixture *f, struct job *j)
{
    *err = 0;
    return device_call(&f->list, &f->device, 0, j, err, sizeof err);
}
/* The process that did a check which succeeded. */
static pid_t good_job(struct fixture *f)
{
    pid_t pid;
    struct job *j = make_job(f, JOB_CHECK);
    if (call(f, j) != ST_PASS || j->answer->rc) fail_msg("%s%s", err, j->answer->err);
    memcpy(&pid, j->out[2], sizeof pid);
    assert_int_not_equal(pid, getpid());
    return pid;
}
static void go_wrong(struct fixture *f, enum call c, int (*how)(struct mxb_dev *))
{
    worker_stop(f->device.worker[0]);                    /* the next one is forked with the new orders */
    f->device.worker[0] = NULL;
    f->device.open = 0;
    where = c;
    what = how;
}

static void crash_in_every_call(void **state)
{
    static const struct { int (*how)(struct mxb_dev *); const char *text; } way[] = {
        { do_abort, "SIGABRT" }, { do_illegal, "SIGILL" }, { do_exit, "the worker ended with exit code 0" },
    };
    struct fixture *f = *state;
    for (int c = OPEN; c < NCALL; c++)
        for (size_t i = 0; i < MXB_COUNT(way); i++) {
            char want[128];
            go_wrong(f, (enum call)c, way[i].how);
            assert_int_equal(call(f, make_job(f, JOB_CHECK)), ST_CRASHED);
            snprintf(want, sizeof want, "%s%s", way[i].text, phase[c]);
            assert_string_equal(err, want);
            assert_null(f->device.worker[0]);
            what = NULL;
            good_job(f);                                 /* a fresh one works */
        }
}

static void crash_while_listing(void **state)
{
    struct fixture *f = *state;
    const struct worker_opts o = { .backend = &fake_be, .arena = &f->arena };
    struct worker *w;
    for (int c = COUNT; c <= INFO; c++) {
        go_wrong(f, (enum call)c, do_abort);
        assert_int_equal(worker_start(&o, &w, err, sizeof err), 0);
        assert_int_equal(worker_call(w, job_simple(&f->arena, JOB_PROBE), 60, err, sizeof err), ST_CRASHED);
        assert_string_equal(err, "SIGABRT while listing devices");
        assert_int_equal(worker_call(w, job_simple(&f->arena, JOB_PROBE), 60, err, sizeof err), ST_CRASHED);
        assert_string_equal(err, "the worker is gone");
        worker_stop(w);
    }
    what = NULL;
    struct job *j = job_simple(&f->arena, JOB_PROBE);
    assert_int_equal(worker_start(&o, &w, err, sizeof err), 0);
    assert_int_equal(worker_call(w, j, 60, err, sizeof err), ST_PASS);
    assert_int_equal(j->answer->ndevice, 1);
    assert_string_equal(j->caps[0].name, "Fake");
    worker_stop(w);
}

static void last_words(void **state)
{
    struct fixture *f = *state;
    go_wrong(f, COMPILE, complain);
    assert_int_equal(call(f, make_job(f, JOB_CHECK)), ST_CRASHED);
    assert_string_equal(err, "SIGABRT while compiling: # the driver's ? last words");
    fflush(stderr);
    const int real = dup(2), null = open("/dev/null", O_WRONLY);
    dup2(null, 2);
    go_wrong(f, RUN, flood);                             /* nobody reads while it writes, and still it does not hang */
    good_job(f);
    fflush(stderr);
    dup2(real, 2);
    close(real);
    close(null);
}

static void hang(void **state)
{
    struct fixture *f = *state;
    go_wrong(f, RUN, do_hang);
    f->list.timeout_s = 2;
    struct job *j = make_job(f, JOB_CHECK);
    assert_int_equal(call(f, j), ST_TIMEOUT);
    assert_string_equal(err, "no answer within 2 s while running");
    f->list.timeout_s = 60;
    what = NULL;
    good_job(f);
}

/* What is wrong with the device ends its process; what it merely lacks does not. */
static void errors_of_the_device(void **state)
{
    static const struct { int (*how)(struct mxb_dev *); int rc; bool fresh; const char *text; } way[] = {
        { lose_device, MXB_EDEVICE, true, "lost in process %d" },
        { lack_memory, MXB_ENOMEM, true, "full in process %d" },
        { lack_feature, MXB_EUNSUP, false, "process %d cannot" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < MXB_COUNT(way); i++) {
        int pid[2];
        go_wrong(f, RUN, way[i].how);
        for (int k = 0; k < 2; k++) {
            struct job *j = make_job(f, JOB_CHECK);
            assert_int_equal(call(f, j), ST_PASS);
            assert_int_equal(j->answer->rc, way[i].rc);
            assert_int_equal(sscanf(j->answer->err, way[i].text, &pid[k]), 1);
        }
        assert_int_equal(pid[0] != pid[1], way[i].fresh);
    }
    go_wrong(f, OPEN, lose_device);
    assert_int_equal(call(f, make_job(f, JOB_CHECK)), ST_ERROR);
    assert_non_null(strstr(err, "cannot open fake:0"));
    what = NULL;
    assert_int_equal(good_job(f), good_job(f));          /* and success keeps it */
}

/* The inputs, an earlier job and its outputs, the plan: none can be written. */
static void parent_is_out_of_reach(void **state)
{
    struct fixture *f = *state;
    struct job *before = make_job(f, JOB_CHECK), *j;
    void *const place[] = { f->x, before, before->answer, before->out[2], (void *)(uintptr_t)before->plan };
    assert_int_equal(call(f, before), ST_PASS);
    for (size_t i = 0; i < MXB_COUNT(place); i++) {
        unsigned char copy[64];
        memcpy(copy, place[i], sizeof copy);
        target = place[i];
        go_wrong(f, RUN, write_to_target);
        j = make_job(f, JOB_CHECK);
        assert_int_equal(call(f, j), ST_CRASHED);
        assert_memory_equal(copy, place[i], sizeof copy);
    }
    j = make_job(f, JOB_CHECK);
    target = j->out[2];              /* its own window is open: this is not caught, and harms nobody */
    go_wrong(f, RUN, write_to_target);
    assert_int_equal(call(f, j), ST_PASS);
}

static void nonsense_is_not_believed(void **state)
{
    struct fixture *f = *state;
    struct job *j = make_job(f, JOB_BENCH);
    target = j->timing;
    go_wrong(f, DOWNLOAD, write_to_target);
    assert_int_equal(call(f, j), ST_CRASHED);
    assert_non_null(strstr(err, "the worker's answer makes no sense"));
    j = make_job(f, JOB_BENCH);
    go_wrong(f, NCALL, NULL);
    assert_int_equal(call(f, j), ST_PASS);
    assert_int_equal(j->answer->rc, 0);
    assert_true(job_answered(j));
    double *const time[] = { &j->timing->ns[0], &j->timing->host_ns[j->timing->n - 1], &j->timing->first_ns,
                             &j->timing->s.median, &j->timing->s.ci_hi, &j->answer->compile_ns, &j->answer->run_ns };
    const double no_time[] = { -1, NAN, INFINITY, 2 * MEASURE_LONGEST_NS };
    for (size_t i = 0; i < MXB_COUNT(time); i++)
        for (size_t k = 0; k < MXB_COUNT(no_time); k++) {
            const double good = *time[i];
            *time[i] = no_time[k];
            assert_false(job_answered(j));
            *time[i] = good;
            assert_true(job_answered(j));
        }
    memset(&j->answer->kernel_fault, 2, sizeof(bool));
    assert_false(job_answered(j));
    job_disown(j);
    assert_true(j->answer->rc == MXB_EDEVICE && j->answer->run_ns == 0 && !j->answer->kernel_fault);
    assert_true(job_answered(j));
    struct job *p = job_simple(&f->arena, JOB_PROBE);
    p->answer->ndevice = WORKER_MAX_DEVICES + 1;
    assert_false(job_answered(p));
    p->answer->phase = (enum job_phase)77;
    assert_string_equal(job_phase_text(p), "");
}

/* A process that an earlier job has damaged: the crash is not hidden, but the text says so. */
static void damage_of_an_earlier_job(void **state)
{
    struct fixture *f = *state;
    go_wrong(f, RUN, damage);
    assert_int_equal(call(f, make_job(f, JOB_CHECK)), ST_PASS);
    assert_int_equal(call(f, make_job(f, JOB_CHECK)), ST_CRASHED);
    assert_string_equal(err, "SIGABRT while running; not so in a fresh worker:"
                             " one of the 1 jobs before it may have done the damage");
}

static void interrupted(void **state)
{
    struct fixture *f = *state;
    go_wrong(f, RUN, do_hang);
    run_interrupted = SIGINT;
    assert_int_equal(call(f, make_job(f, JOB_CHECK)), ST_ERROR);
    run_interrupted = 0;
    assert_string_equal(err, "interrupted");
}

static void in_process(void **state)
{
    struct fixture *f = *state;
    pid_t pid;
    f->list.base.in_process = true;
    struct job *j = make_job(f, JOB_CHECK);
    assert_int_equal(call(f, j), ST_PASS);
    assert_int_equal(j->answer->rc, 0);
    memcpy(&pid, j->out[2], sizeof pid);
    assert_int_equal(pid, getpid());
}

#define with_device(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        with_device(crash_in_every_call), with_device(crash_while_listing), with_device(last_words),
        with_device(hang),
        with_device(errors_of_the_device), with_device(parent_is_out_of_reach), with_device(nonsense_is_not_believed),
        with_device(damage_of_an_earlier_job), with_device(interrupted), with_device(in_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
