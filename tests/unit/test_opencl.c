/* Tests buffers and runs of the OpenCL backend on the machine's first OpenCL device; skipped where there is none. */
#include "opencl_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void test_info(void **state)
{
    char err[MXB_ERRLEN] = "";
    struct mxb_caps c;
    int n = be->count(err, sizeof err);
    assert_true(n >= 1);
    assert_int_equal(be->info(n, &c, err, sizeof err), MXB_EINVAL);
    assert_non_null(strstr(err, "no OpenCL device"));
    assert_int_equal(be->info(-1, &c, err, sizeof err), MXB_EINVAL);
    assert_int_equal(be->info(0, &c, err, sizeof err), MXB_OK);
    assert_memory_equal(&c, &dev(state)->caps, sizeof c);
    assert_true(c.name[0] && c.driver[0] && c.driver_version[0]);
    assert_int_equal(strncmp(c.api, "OpenCL ", 7), 0);
    assert_non_null(strstr(c.api, " (OpenCL C "));
    assert_true(c.push_bytes >= MXB_MAX_PUSH && c.max_bind == MXB_MAX_BIND);
    assert_true(c.bind_align > 0 && (c.bind_align & (c.bind_align - 1)) == 0);
    assert_true(c.max_wg > 0 && c.max_wg_dim[2] > 0 && c.units > 0 && c.local_bytes >= 16384);
    assert_true(c.max_buffer > 0 && c.max_buffer <= c.mem_bytes);
    assert_true(c.features & MXB_FEAT_DEVICE_TIME && c.tick_ns > 0);
    assert_int_equal(be->open(n, NULL, &(struct mxb_dev *){ NULL }, err, sizeof err), MXB_EINVAL);
}

static void test_transfer(void **state)
{
    struct mxb_dev *d = dev(state);
    enum { BYTES = 1001 };
    unsigned char in[BYTES], out[BYTES] = { 0 };
    for (size_t i = 0; i < BYTES; i++)
        in[i] = (unsigned char)(i * 37 + 11);
    struct mxb_buf *b = buffer(d, BYTES, NULL);
    assert_int_equal(be->upload(d, b, 0, in, 3), MXB_OK);
    assert_int_equal(be->upload(d, b, 3, in + 3, 500), MXB_OK);
    assert_int_equal(be->upload(d, b, 503, in + 503, BYTES - 503), MXB_OK);
    download(d, b, 0, out, BYTES);
    assert_memory_equal(in, out, BYTES);
    memset(out, 0, sizeof out);
    download(d, b, 777, out + 777, 1);
    assert_int_equal(out[777], in[777]);
    assert_int_equal(out[776] | out[778], 0);

    assert_int_equal(be->upload(d, b, BYTES, in, 0), MXB_OK);
    assert_int_equal(be->upload(d, b, 1000, in, 2), MXB_EINVAL);
    assert_int_equal(be->upload(d, b, UINT64_MAX, in, 2), MXB_EINVAL);
    assert_int_equal(be->download(d, b, 0, out, BYTES + 1), MXB_EINVAL);
    assert_string_equal(d->err, "Invalid argument: download of 1002 bytes at 0, the buffer has 1001");
    be->release(d, b);
    be->release(d, NULL);
}

static void test_alloc(void **state)
{
    struct mxb_dev *d = dev(state);
    struct ocl_dev *own = (struct ocl_dev *)d;
    struct mxb_buf *b = NULL;
    assert_int_equal(be->alloc(d, 0, &b), MXB_EINVAL);
    assert_int_equal(be->alloc(d, 1ull << 60, &b), MXB_ENOMEM);
    assert_non_null(strstr(d->err, "1152921504606846976"));
    assert_null(b);

    /* What other buffers hold counts.  Its figure is set here: real ones would fill the machine's memory. */
    uint64_t before = own->allocated;
    own->allocated = d->caps.mem_bytes - 4096;
    assert_int_equal(be->alloc(d, 4097, &b), MXB_ENOMEM);
    b = buffer(d, 4096, NULL);
    be->release(d, b);
    assert_int_equal(own->allocated, d->caps.mem_bytes - 4096);
    own->allocated = before;
}

static void test_dispatch(void **state)
{
    struct mxb_dev *d = dev(state);
    struct mxb_pipe *p = compile(d, shader("affine", 2, sizeof(struct params), WG));
    float x[N], y[N];
    for (int i = 0; i < N; i++) {
        x[i] = (float)(i - 20);
        y[i] = -1.0f;
    }
    struct mxb_buf *bx = buffer(d, sizeof x, x), *by = buffer(d, sizeof y, y);
    const struct params par = { N - 5, 3.0f, 100 };
    struct mxb_step s = dispatch(p, N / WG, &par);
    bind(&s, bx, 0, sizeof x);
    bind(&s, by, 0, sizeof y);
    struct mxb_time t = run(d, &s, 1, 1);
    download(d, by, 0, y, sizeof y);
    for (int i = 0; i < N; i++)
        assert_true(y[i] == (i < N - 5 ? 3.0f * x[i] + 100 - 7 : -1.0f));
    assert_true(t.dev_ns > 0 && t.dev_ns <= t.host_ns);
    be->destroy(d, p);
    be->destroy(d, NULL);
    be->release(d, bx);
    be->release(d, by);
}

static void test_geometry(void **state)
{
    struct mxb_dev *d = dev(state);
    struct mxb_shader sh = shader("where", 1, 0, 4);
    sh.local[1] = 2;
    struct mxb_pipe *p = compile(d, sh);
    enum { X = 3 * 4, Y = 2 * 2, Z = 5 };
    uint32_t out[X * Y * Z];
    struct mxb_buf *b = buffer(d, sizeof out, NULL);
    struct mxb_step s = dispatch(p, 3, NULL);
    s.groups[1] = 2;
    s.groups[2] = Z;
    bind(&s, b, 0, sizeof out);
    run(d, &s, 1, 1);
    download(d, b, 0, out, sizeof out);
    for (uint32_t z = 0; z < Z; z++)
        for (uint32_t y = 0; y < Y; y++)
            for (uint32_t x = 0; x < X; x++)
                assert_int_equal(out[x + X * (y + Y * z)],
                                 x / 4 + 16 * (y / 2) + 256 * z + 4096 * (x % 4) + 65536 * (y % 2));
    be->destroy(d, p);
    be->release(d, b);
}

static void test_sub_buffers(void **state)
{
    struct mxb_dev *d = dev(state);
    struct mxb_pipe *p = compile(d, shader("affine", 2, sizeof(struct params), WG));
    const uint32_t a = d->caps.bind_align < 128 ? 128 : d->caps.bind_align;
    const uint32_t n = a / 4;
    float *x = malloc(4 * a), *y = malloc(4 * a);
    assert_true(x && y);
    for (uint32_t i = 0; i < 4 * n; i++) {
        x[i] = (float)i;
        y[i] = -1.0f;
    }
    struct mxb_buf *bx = buffer(d, 4 * a, x), *by = buffer(d, 4 * a, y);
    const struct params par = { n, 2.0f, 7 };
    struct mxb_step s = dispatch(p, n / WG, &par);
    bind(&s, bx, 2 * a, a);
    bind(&s, by, a, 2 * a);
    run(d, &s, 1, 3);
    const struct ocl_sub *first = by->subs;
    run(d, &s, 1, 1);
    assert_ptr_equal(by->subs, first);       /* made once, found again */
    assert_null(first->next);
    download(d, by, 0, y, 4 * a);
    for (uint32_t i = 0; i < 4 * n; i++)
        assert_true(y[i] == (i >= n && i < 2 * n ? 2.0f * (float)(i + n) : -1.0f));

    s.bind[1].len = a;                       /* another part gets its own, the whole buffer needs none */
    run(d, &s, 1, 1);
    assert_ptr_not_equal(by->subs, first);
    s.bind[1] = (struct mxb_bind){ by, 0, 4 * a };
    const struct ocl_sub *second = by->subs;
    run(d, &s, 1, 1);
    assert_ptr_equal(by->subs, second);
    be->destroy(d, p);
    be->release(d, bx);
    be->release(d, by);
    free(x);
    free(y);
}

static void test_fill(void **state)
{
    struct mxb_dev *d = dev(state);
    uint32_t out[32];
    memset(out, 0x11, sizeof out);
    struct mxb_buf *b = buffer(d, sizeof out, out);
    struct mxb_step s = { .kind = MXB_FILL, .fill = 0x7fc01234 };
    bind(&s, b, 12, 20);
    struct mxb_time t = run(d, &s, 1, 1);
    assert_true(t.dev_ns > 0 && t.dev_ns <= t.host_ns);
    download(d, b, 0, out, sizeof out);
    for (int i = 0; i < 32; i++)
        assert_int_equal(out[i], i >= 3 && i < 8 ? 0x7fc01234 : 0x11111111);
    s.bind[0].len = 6;
    assert_int_equal(be->run(d, &s, 1, 1, &t), MXB_EINVAL);
    s.bind[0].len = 120;
    assert_int_equal(be->run(d, &s, 1, 1, &t), MXB_EINVAL);
    be->release(d, b);
}

/* Each step reads what the one before wrote, in every repetition, also beyond the depth of the start gate. */
static void test_steps(void **state)
{
    struct mxb_dev *d = dev(state);
    struct mxb_pipe *inc = compile(d, shader("increment", 1, 0, 4)), *p = compile(d, shader("affine", 2, 12, WG));
    struct mxb_buf *count = buffer(d, 16, &(const int32_t[4]){ 0 });
    struct mxb_buf *x = buffer(d, 4 * WG, NULL), *y = buffer(d, 4 * WG, NULL);
    struct mxb_step s[4] = { { .kind = MXB_FILL, .fill = 0x40000000 } };      /* 2.0f */
    const struct params p1 = { WG, 10.0f, 8 }, p2 = { WG, 0.5f, 7 };
    bind(&s[0], x, 0, 4 * WG);
    s[1] = dispatch(p, 1, &p1);              /* y = 10 x + 1 */
    bind(&s[1], x, 0, 4 * WG);
    bind(&s[1], y, 0, 4 * WG);
    s[2] = dispatch(p, 1, &p2);              /* x = y / 2 */
    bind(&s[2], y, 0, 4 * WG);
    bind(&s[2], x, 0, 4 * WG);
    s[3] = dispatch(inc, 1, NULL);
    bind(&s[3], count, 0, 16);
    run(d, s, 4, 700);
    float out[WG];
    int32_t n[4];
    download(d, x, 0, out, sizeof out);
    download(d, count, 0, n, sizeof n);
    assert_true(out[0] == 10.5f && out[WG - 1] == 10.5f);
    assert_int_equal(n[0], 700);
    assert_int_equal(n[3], 700);
    be->destroy(d, p);
    be->destroy(d, inc);
    be->release(d, count);
    be->release(d, x);
    be->release(d, y);
}

/* A host that is slow to enqueue: it pauses before one of its launches. */
enum { PAUSE_MS = 200 };
static __typeof__(clEnqueueNDRangeKernel) *ndrange;
static int launches, pause_at;

static cl_int CL_API_CALL slow_ndrange(cl_command_queue q, cl_kernel k, cl_uint dim, const size_t *off,
                                       const size_t *global, const size_t *local, cl_uint n, const cl_event *wait,
                                       cl_event *done)
{
    if (++launches == pause_at)
        nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000 }, NULL);
    return ndrange(q, k, dim, off, global, local, n, wait, done);
}

static struct mxb_time run_slowly(struct mxb_dev *d, const struct mxb_step *s, uint32_t reps, int pause_before)
{
    struct ocl_dev *own = (struct ocl_dev *)d;
    ndrange = own->cl.clEnqueueNDRangeKernel;
    own->cl.clEnqueueNDRangeKernel = slow_ndrange;
    launches = 0;
    pause_at = pause_before;
    struct mxb_time t = run(d, s, 1, reps);
    own->cl.clEnqueueNDRangeKernel = ndrange;
    assert_int_equal(launches, reps);
    assert_true(t.host_ns >= PAUSE_MS * 1e6);
    return t;
}

/* The device starts when the host has enqueued everything, so its time holds no waiting for the host; but it does not
 * wait for more commands than a driver's queue may hold. */
static void test_gate(void **state)
{
    struct mxb_dev *d = dev(state);
    struct mxb_pipe *p = compile(d, shader("increment", 1, 0, 4));
    struct mxb_buf *b = buffer(d, 16, NULL);
    struct mxb_step s = dispatch(p, 1, NULL);
    bind(&s, b, 0, 16);
    run(d, &s, 1, 1);                        /* some drivers compile at the first launch */
    struct mxb_time t = run_slowly(d, &s, 4, 3);
    assert_true(t.dev_ns > 0 && t.dev_ns < 0.75 * PAUSE_MS * 1e6);
    t = run_slowly(d, &s, 2000, 1900);
    assert_true(t.dev_ns > 0.75 * PAUSE_MS * 1e6);
    be->destroy(d, p);
    be->release(d, b);
}

static void test_ieee(void **state)
{
    struct mxb_dev *d = dev(state);
    struct mxb_pipe *p = compile(d, shader("ieee", 2, 0, 4));
    const float x[4] = { NAN, INFINITY, -0.0f, 1.0f };
    uint32_t y[4];
    struct mxb_buf *bx = buffer(d, sizeof x, x), *by = buffer(d, sizeof y, NULL);
    struct mxb_step s = dispatch(p, 1, NULL);
    bind(&s, bx, 0, sizeof x);
    bind(&s, by, 0, sizeof y);
    run(d, &s, 1, 1);
    download(d, by, 0, y, sizeof y);
    assert_int_equal(y[0], 1 + 2);           /* NaN differs from itself */
    assert_int_equal(y[1], 2);               /* inf - inf is NaN */
    assert_int_equal(y[2], 4);               /* 1 / -0 is -inf */
    assert_int_equal(y[3], 0);
    be->destroy(d, p);
    be->release(d, bx);
    be->release(d, by);
}

static void test_bad_steps(void **state)
{
    struct mxb_dev *d = dev(state);
    struct mxb_pipe *p = compile(d, shader("affine", 2, sizeof(struct params), WG));
    struct mxb_buf *b = buffer(d, 4096, NULL);
    const struct params par = { 1, 1, 1 };
    struct mxb_time t;
    struct mxb_step good = dispatch(p, 1, &par), s;
    bind(&good, b, 0, 4096);
    bind(&good, b, 0, 4096);
    assert_int_equal(be->run(d, &good, 0, 1, &t), MXB_EINVAL);
    assert_int_equal(be->run(d, &good, 1, 0, &t), MXB_EINVAL);
#define BAD(change, part) do { \
        s = good; \
        change; \
        d->err[0] = '\0'; \
        assert_int_equal(be->run(d, &s, 1, 1, &t), MXB_EINVAL); \
        assert_non_null(strstr(d->err, "Invalid argument: ")); \
        assert_non_null(strstr(d->err, part)); \
    } while (0)
    BAD(s.groups[1] = 0, "step 0: 0 work-groups in dimension 1");
    BAD(s.pipe = NULL, "no pipeline");
    BAD(s.nbind = 1, "wrong number of bindings");
    BAD(s.push = NULL, "no parameters");
    BAD(s.bind[1].buf = NULL, "without buffer");
    BAD(s.bind[0].len = 0, "without length");
    BAD(s.bind[0].off = 4096, "the buffer has 4096");
    BAD((s.bind[1].off = 2, s.bind[1].len = 8), "not a multiple of");
    run(d, &good, 1, 1);
    be->destroy(d, p);
    be->release(d, b);
}

/* Failures of the driver, put into this device's function table. */
static cl_int CL_API_CALL no_ndrange(cl_command_queue q, cl_kernel k, cl_uint dim, const size_t *off,
                                     const size_t *global, const size_t *local, cl_uint n, const cl_event *wait,
                                     cl_event *done)
{
    (void)q, (void)k, (void)dim, (void)off, (void)global, (void)local, (void)n, (void)wait, (void)done;
    return CL_OUT_OF_RESOURCES;
}

static cl_int CL_API_CALL no_migrate(cl_command_queue q, cl_uint n, const cl_mem *mem, cl_mem_migration_flags flags,
                                     cl_uint nwait, const cl_event *wait, cl_event *done)
{
    (void)q, (void)n, (void)mem, (void)flags, (void)nwait, (void)wait, (void)done;
    return CL_MEM_OBJECT_ALLOCATION_FAILURE;
}

static void test_driver_failures(void **state)
{
    struct mxb_dev *d = dev(state);
    struct ocl_dev *own = (struct ocl_dev *)d;
    const struct ocl_api saved = own->cl;
    struct mxb_buf *b = NULL;
    own->cl.clEnqueueMigrateMemObjects = no_migrate;
    assert_int_equal(be->alloc(d, 64, &b), MXB_ENOMEM);
    assert_string_equal(d->err, "clEnqueueMigrateMemObjects: CL_MEM_OBJECT_ALLOCATION_FAILURE (-4)");
    own->cl = saved;
    assert_null(b);

    /* A launch fails after another command has been enqueued behind the gate: the gate must open all the same. */
    struct mxb_pipe *p = compile(d, shader("increment", 1, 0, 4));
    b = buffer(d, 16, NULL);
    struct mxb_step s[2] = { { .kind = MXB_FILL, .fill = 41 }, dispatch(p, 1, NULL) };
    bind(&s[0], b, 0, 16);
    bind(&s[1], b, 0, 16);
    struct mxb_time t;
    own->cl.clEnqueueNDRangeKernel = no_ndrange;
    assert_int_equal(be->run(d, s, 2, 10, &t), MXB_EDEVICE);
    assert_string_equal(d->err, "clEnqueueNDRangeKernel: CL_OUT_OF_RESOURCES (-5)");
    assert_true(t.dev_ns < 0);
    own->cl = saved;
    int32_t v[4];
    run(d, s, 2, 1);
    download(d, b, 0, v, sizeof v);
    assert_int_equal(v[3], 42);
    be->destroy(d, p);
    be->release(d, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_info),
        cmocka_unit_test(test_transfer),
        cmocka_unit_test(test_alloc),
        cmocka_unit_test(test_dispatch),
        cmocka_unit_test(test_geometry),
        cmocka_unit_test(test_sub_buffers),
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_gate),
        cmocka_unit_test(test_ieee),
        cmocka_unit_test(test_bad_steps),
        cmocka_unit_test(test_driver_failures),
    };
    return have_device() ? cmocka_run_group_tests(tests, setup, teardown) : 0;
}
