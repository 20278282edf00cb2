/* What the tests of the OpenCL backend share: a program, one device for all tests, and calls that must work. */
#ifndef OPENCL_FIXTURE_H
#define OPENCL_FIXTURE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "backends/opencl/cl_internal.h"
#include "backends/opencl/opencl.h"

/* One program for most tests, because a build takes long.  WG, OFFSET and ON are constants. */
static const char text[] =
    "struct params { uint n; float scale; int add; };\n"
    "__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))\n"
    "void affine(__global const float *x, __global float *y, struct params p)\n"
    "{ uint i = get_global_id(0); if (i < p.n) y[i] = x[i] * p.scale + p.add + (ON ? OFFSET : 1000); }\n"
    "__kernel void increment(__global int *x) { x[get_global_id(0)] += STEP; }\n"
    "__kernel void where(__global uint *y) {\n"
    "    size_t sx = get_global_size(0), sy = get_global_size(1);\n"
    "    y[get_global_id(0) + sx * (get_global_id(1) + sy * get_global_id(2))] =\n"
    "        get_group_id(0) + 16 * get_group_id(1) + 256 * get_group_id(2)\n"
    "        + 4096 * get_local_id(0) + 65536 * get_local_id(1);\n"
    "}\n"
    "__kernel void ieee(__global const float *x, __global uint *y)\n"
    "{ uint i = get_global_id(0); float v = x[i]; y[i] = (v != v) + 2 * (v - v != v - v) + 4 * (1.0f / v < 0.0f); }\n";
struct params { uint32_t n; float scale; int32_t add; };
enum { WG = 8, N = 64 };

static const struct mxb_backend *const be = &mxb_backend_opencl;
static const struct mxb_spec spec[] = { { "WG", 0, 'i', WG }, { "OFFSET", 1, 'i', -7 }, { "ON", 2, 'b', 5 } };

static inline struct mxb_shader shader(const char *entry, uint32_t nbind, uint32_t push_bytes, uint32_t local)
{
    return (struct mxb_shader){
        .label = "label", .entry = entry, .code = text, .code_bytes = sizeof text - 1, .defines = "-DSTEP=1",
        .spec = spec, .nspec = MXB_COUNT(spec), .nbind = nbind, .push_bytes = push_bytes, .local = { local, 1, 1 },
    };
}

#define dev(state) ((struct mxb_dev *)*(state))

static inline int setup(void **state)
{
    char err[MXB_ERRLEN] = "";
    struct mxb_dev *d = NULL;
    int rc = be->open(0, &(struct mxb_open_opts){ .cache_dir = NULL }, &d, err, sizeof err);
    if (rc < 0)
        print_error("open: %s\n", err);
    *state = d;
    return rc;
}

static inline int teardown(void **state)
{
    be->close(dev(state));
    return 0;
}

/* Without a device there is nothing to test. */
static inline bool have_device(void)
{
    char why[MXB_ERRLEN] = "";
    if (be->count(why, sizeof why) > 0)
        return true;
    print_message("SKIPPED, all tests: %s\n", why);
    return false;
}

/* These fail the test with the device's own text. */
static inline struct mxb_pipe *compile(struct mxb_dev *d, struct mxb_shader sh)
{
    struct mxb_pipe *p = NULL;
    if (be->compile(d, &sh, &p) < 0)
        fail_msg("%s", d->err);
    return p;
}

static inline struct mxb_buf *buffer(struct mxb_dev *d, uint64_t bytes, const void *content)
{
    struct mxb_buf *b = NULL;
    if (be->alloc(d, bytes, &b) < 0 || (content && be->upload(d, b, 0, content, bytes) < 0))
        fail_msg("%s", d->err);
    return b;
}

static inline struct mxb_time run(struct mxb_dev *d, const struct mxb_step *steps, uint32_t n, uint32_t reps)
{
    struct mxb_time t = { 0, 0 };
    if (be->run(d, steps, n, reps, &t) < 0)
        fail_msg("%s", d->err);
    return t;
}

static inline void download(struct mxb_dev *d, struct mxb_buf *b, uint64_t off, void *dst, uint64_t n)
{
    if (be->download(d, b, off, dst, n) < 0)
        fail_msg("%s", d->err);
}

static inline struct mxb_step dispatch(struct mxb_pipe *p, uint32_t groups, const void *push)
{
    return (struct mxb_step){ .kind = MXB_DISPATCH, .pipe = p, .groups = { groups, 1, 1 }, .push = push };
}

static inline void bind(struct mxb_step *s, struct mxb_buf *b, uint64_t off, uint64_t len)
{
    s->bind[s->nbind++] = (struct mxb_bind){ b, off, len };
}
#endif
