/* Shared by the tests of the Vulkan backend: opening, compiling, and kernels with their expected results.
 * Tests skip where there is no device, or where MXB_TEST_SPV_DIR does not name the folder of the compiled shaders. */
#ifndef VULKAN_COMMON_H
#define VULKAN_COMMON_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "backends/vulkan/vk_internal.h"
#include "backends/vulkan/vulkan.h"

static const struct mxb_backend *const be = &mxb_backend_vulkan;

static inline struct mxb_dev *open_device(const struct mxb_open_opts *opts)
{
    char why[256] = "", err[1024] = "";
    struct mxb_dev *dev = NULL;
    if (be->count(why, sizeof why) == 0) {
        print_message("no device: %s\n", why);
        skip();
    }
    if (be->open(0, opts, &dev, err, sizeof err) != MXB_OK) {
        fail_msg("open: %s", err);
    }
    return dev;
}

static inline struct mxb_dev *open_plain(void) { return open_device(&(struct mxb_open_opts){ 0 }); }

static inline struct mxb_dev *open_staging(void)
{
    setenv("MXB_VULKAN_STAGING", "1", 1);
    struct mxb_dev *dev = open_plain();
    unsetenv("MXB_VULKAN_STAGING");
    return dev;
}

/* First in every test that compiles, before it owns anything. */
static inline void need_shaders(void)
{
    if (!getenv("MXB_TEST_SPV_DIR")) {
        print_message("MXB_TEST_SPV_DIR is not set\n");
        skip();
    }
}

static inline void *read_spirv(const char *name, size_t *bytes)
{
    char path[4096];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s.spv", getenv("MXB_TEST_SPV_DIR"), name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fstat(fileno(f), &st), 0);
    void *code = malloc((size_t)st.st_size);
    *bytes = fread(code, 1, (size_t)st.st_size, f);
    assert_int_equal(*bytes, st.st_size);
    fclose(f);
    return code;
}

static inline int try_compile(struct mxb_dev *dev, const char *name, const struct mxb_spec *spec, uint32_t nspec,
                       uint32_t nbind, uint32_t push_bytes, struct mxb_pipe **pipe)
{
    struct mxb_shader s = { .label = name, .spec = spec, .nspec = nspec, .nbind = nbind, .push_bytes = push_bytes,
                            .local = { 64, 1, 1 } };
    void *code = read_spirv(name, &s.code_bytes);
    s.code = code;
    const int rc = be->compile(dev, &s, pipe);
    free(code);
    return rc;
}

static inline void check(const struct mxb_dev *dev, int rc)
{
    if (rc != MXB_OK) {
        fail_msg("%d: %s", rc, dev->err);
    }
}

static inline struct mxb_pipe *compile(struct mxb_dev *dev, const char *name, uint32_t push_bytes)
{
    struct mxb_pipe *pipe = NULL;
    check(dev, try_compile(dev, name, NULL, 0, 2, push_bytes, &pipe));
    return pipe;
}

static inline struct mxb_buf *make_buf(struct mxb_dev *dev, const void *data, uint64_t bytes)
{
    struct mxb_buf *b = NULL;
    check(dev, be->alloc(dev, bytes, &b));
    check(dev, be->upload(dev, b, 0, data, bytes));
    return b;
}

static inline void fill_pattern(unsigned char *p, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        p[i] = (unsigned char)(seed >> 24);
    }
}

struct affine_push { uint32_t n; int32_t mul, add; };
enum { N = 1000 };   /* not a multiple of the workgroup's 64 */

static inline struct mxb_step affine_step(struct mxb_pipe *pipe, struct mxb_buf *x, struct mxb_buf *y,
                                          const struct affine_push *push)
{
    return (struct mxb_step){ .kind = MXB_DISPATCH, .pipe = pipe, .groups = { (N + 63) / 64, 1, 1 },
                              .nbind = 2, .push = push, .bind = { { x, 0, N * 4 }, { y, 0, N * 4 } } };
}

static inline void affine_case(struct mxb_dev *dev, const struct mxb_spec *spec, uint32_t nspec, int32_t sign,
                               int32_t bias)
{
    const struct affine_push push = { N - 1, 5, -3 };   /* the last element stays */
    int32_t x[N], y[N];
    struct mxb_pipe *pipe = NULL;
    struct mxb_time t;
    check(dev, try_compile(dev, "affine", spec, nspec, 2, sizeof push, &pipe));
    for (int32_t i = 0; i < N; i++) {
        x[i] = i - 500, y[i] = 12345;
    }
    struct mxb_buf *bx = make_buf(dev, x, sizeof x), *by = make_buf(dev, y, sizeof y);
    const struct mxb_step step = affine_step(pipe, bx, by, &push);
    check(dev, be->run(dev, &step, 1, 1, &t));
    check(dev, be->download(dev, by, 0, y, sizeof y));
    for (int32_t i = 0; i < N - 1; i++) {
        assert_int_equal(y[i], sign * (x[i] * 5 - 3) + bias);
    }
    assert_int_equal(y[N - 1], 12345);
    be->release(dev, bx);
    be->release(dev, by);
    be->destroy(dev, pipe);
}

/* 8-bit and 16-bit storage; half precision holds all of k/8, k < 256, exactly. */
static inline void narrow_case(struct mxb_dev *dev)
{
    enum { BYTES = 131 };   /* neither a multiple of 4 nor of the workgroup */
    unsigned char b[BYTES];
    uint16_t h[BYTES + 1] = { 0 };
    if (!(dev->caps.features & MXB_FEAT_F16_STORAGE) || !(dev->caps.features & MXB_FEAT_U8_STORAGE)) {
        print_message("the device has no narrow storage\n");
        return;
    }
    for (int i = 0; i < BYTES; i++) {
        b[i] = (unsigned char)(i + 100);
    }
    struct mxb_pipe *pipe = compile(dev, "narrow", 0);
    struct mxb_buf *bb = make_buf(dev, b, sizeof b), *bh = make_buf(dev, h, sizeof h);
    const struct mxb_step step = { .kind = MXB_DISPATCH, .pipe = pipe, .groups = { 3, 1, 1 }, .nbind = 2,
                                   .bind = { { bb, 0, BYTES }, { bh, 0, 2 * BYTES } } };
    struct mxb_time t;
    check(dev, be->run(dev, &step, 1, 1, &t));
    check(dev, be->download(dev, bb, 0, b, sizeof b));
    check(dev, be->download(dev, bh, 0, h, sizeof h));
    for (int i = 0; i < BYTES; i++) {
        const int v = (i + 100) & 0xff;
        int exponent = 0;
        while (v >> (exponent + 1)) {
            exponent++;
        }
        const int half = v == 0 ? 0 : (exponent - 3 + 15) << 10 | ((v << (10 - exponent)) & 0x3ff);
        assert_int_equal(b[i], v ^ 0x55);
        assert_int_equal(h[i], half);
    }
    be->release(dev, bb);
    be->release(dev, bh);
    be->destroy(dev, pipe);
}

static inline void rotate(uint32_t *y, const uint32_t *x)
{
    for (uint32_t i = 0; i < N; i++) {
        y[i] = 3 * x[(i + 1) % N] + 1;
    }
}

/* Fill, then two steps that each need the whole output of the one before, over and over. */
static inline void dependent_steps(struct mxb_dev *dev, uint32_t reps)
{
    uint32_t a[N], b[N] = { 0 }, got[N];
    fill_pattern((unsigned char *)a, sizeof a, 3);
    struct mxb_pipe *pipe = compile(dev, "rotate", 0);
    struct mxb_buf *ba = make_buf(dev, a, sizeof a), *bb = make_buf(dev, b, sizeof b);
    const struct mxb_step steps[] = {
        { .kind = MXB_DISPATCH, .pipe = pipe, .groups = { (N + 63) / 64, 1, 1 }, .nbind = 2,
          .bind = { { ba, 0, sizeof a }, { bb, 0, sizeof b } } },
        { .kind = MXB_FILL, .nbind = 1, .bind = { { bb, 8, 12 } }, .fill = 0xDEADBEEF },
        { .kind = MXB_DISPATCH, .pipe = pipe, .groups = { (N + 63) / 64, 1, 1 }, .nbind = 2,
          .bind = { { bb, 0, sizeof b }, { ba, 0, sizeof a } } },
    };
    struct mxb_time t;
    check(dev, be->run(dev, steps, MXB_COUNT(steps), reps, &t));
    for (uint32_t r = 0; r < reps; r++) {
        rotate(b, a);
        b[2] = b[3] = b[4] = 0xDEADBEEF;
        rotate(a, b);
    }
    check(dev, be->download(dev, ba, 0, got, sizeof got));
    assert_memory_equal(got, a, sizeof a);
    check(dev, be->download(dev, bb, 0, got, sizeof got));
    assert_memory_equal(got, b, sizeof b);
    be->release(dev, ba);
    be->release(dev, bb);
    be->destroy(dev, pipe);
}
#endif
