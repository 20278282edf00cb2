/* The pipeline cache on the first device of every backend: a constant arrives in the kernel, each key is compiled once,
 * labels are keys, and the attention entry compiles with its documented constants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/devices.h"
#include "harness/kernel_code.h"
#include "harness/ops.h"
#include "harness/registry.h"

static void constant_cpu(const struct mxb_args *a, int64_t begin, int64_t end)
{
    if (begin < end) memcpy(a->buf[0], &a->spec[0], 4);
}

static const char constant_cl[] = "__kernel void constant_kernel(__global int *y) { y[0] = VALUE; }\n";

struct spirv { void *code; size_t bytes; };

static int load(const struct reg_source *src, const struct reg_request *q, struct mxb_shader *sh, void **hold, char *err,
                size_t errlen)
{
    (void)err; (void)errlen;
    const struct spirv *spirv = src->ctx;
    struct mxb_spec *spec = calloc(1, sizeof *spec);
    *spec = (struct mxb_spec){ "VALUE", 100, 'i', q->nint ? q->ints[0].value : -1 };
    *hold = spec;
    *sh = (struct mxb_shader){ .label = sh->label, .entry = "constant_kernel", .code_fn = constant_cpu, .spec = spec, .nspec = 1,
                               .nbind = 1, .local = { 1, 1, 1 }, .defines = "" };
    sh->code = spirv->code ? spirv->code : constant_cl;
    sh->code_bytes = spirv->code ? spirv->bytes : sizeof constant_cl - 1;
    return 0;
}

static struct spirv read_spirv(const char *lang)
{
    struct spirv s = { NULL, 0 };
    char path[4096];
    if (strcmp(lang, "comp") != 0) return s;
    if (!getenv("MXB_TEST_SPV_DIR")) skip();
    snprintf(path, sizeof path, "%s/constant.spv", getenv("MXB_TEST_SPV_DIR"));
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    s.code = calloc(1, 1 << 16);
    s.bytes = fread(s.code, 1, 1 << 16, f);
    fclose(f);
    assert_true(s.bytes > 20);
    return s;
}

static struct mxb_dev *open_first(const struct mxb_backend *be)
{
    char err[MXB_ERRLEN] = "";
    struct mxb_dev *dev = NULL;
    if (be->count(err, sizeof err) == 0) {
        print_message("%s: %s\n", be->name, err);
        skip();
    }
    if (be->open(0, &(struct mxb_open_opts){ .threads = 1 }, &dev, err, sizeof err)) fail_msg("%s: %s", be->name, err);
    return dev;
}

static struct mxb_pipe *get(struct registry *r, int32_t value)
{
    char err[MXB_ERRLEN] = "";
    struct mxb_pipe *p = NULL;
    const struct reg_int c = { 100, value };
    if (registry_get_constants(r, "constant_kernel", NULL, 0, &c, 1, &p, err, sizeof err)) fail_msg("%s", err);
    return p;
}

static int32_t run(struct mxb_dev *dev, struct mxb_pipe *p)
{
    const struct mxb_backend *be = dev->be;
    int32_t y = 0;
    struct mxb_time t;
    struct mxb_step s = { .kind = MXB_DISPATCH, .pipe = p, .groups = { 1, 1, 1 }, .nbind = 1, .bind = { { .len = 4 } } };
    assert_int_equal(be->alloc(dev, 4, &s.bind[0].buf), 0);
    assert_int_equal(be->upload(dev, s.bind[0].buf, 0, &y, 4), 0);
    assert_int_equal(be->run(dev, &s, 1, 1, &t), 0);
    assert_int_equal(be->download(dev, s.bind[0].buf, 0, &y, 4), 0);
    be->release(dev, s.bind[0].buf);
    return y;
}

/* 4, 8, and 4 again: two compilations, two objects, and the kernels hold their constants. */
static void constants(const struct mxb_backend *be)
{
    struct spirv spirv = read_spirv(be->lang);
    struct mxb_dev *dev = open_first(be);
    struct registry *r;
    char err[MXB_ERRLEN];
    const struct reg_source src = { .load = load, .unload = free, .ctx = &spirv, .content = 1 };
    assert_int_equal(registry_new(dev, &r), 0);
    assert_int_equal(registry_register(r, "constant_kernel", &src, err, sizeof err), 0);
    struct mxb_pipe *four = get(r, 4);
    const uint32_t compiled = registry_counts(r).compiles;
    struct mxb_pipe *eight = get(r, 8);
    assert_int_equal(registry_counts(r).compiles, compiled + 1);
    assert_ptr_not_equal(four, eight);
    assert_ptr_equal(get(r, 4), four);
    assert_int_equal(registry_counts(r).compiles, compiled + 1);
    assert_string_equal(registry_label(r, eight), "constant_kernel|100:i8");
    assert_int_equal(run(dev, four), 4);
    assert_int_equal(run(dev, eight), 8);
    assert_int_equal(run(dev, get(r, -5)), -5);
    registry_free(r);
    be->close(dev);
    free(spirv.code);
}

/* The catalogue's own compile gate, and what the default constants are. */
static void attention(const struct mxb_backend *be)
{
    static const struct reg_bool gate[] = { { 200, true }, { 201, true }, { 300, false }, { 301, false } };
    struct mxb_dev *dev = open_first(be);
    struct registry *r;
    struct kernel_store *s;
    struct mxb_pipe *p, *again;
    char err[8192] = "";
    assert_int_equal(registry_new(dev, &r), 0);
    assert_int_equal(kernel_store_new(dev, NULL, &s), 0);
    assert_int_equal(kernel_store_register(s, r, err, sizeof err), 0);
    if (registry_get_bools(r, "flash_attn_prefill_bf16_d256", gate, 4, &p, err, sizeof err)) fail_msg("%s", err);
    assert_true(registry_is_cached(r, "flash_attn_prefill_bf16_d256|200:b1|201:b1|300:b0|301:b0"));
    assert_false(registry_is_cached(r, "flash_attn_prefill_bf16_d256"));
    assert_int_equal(registry_get_bools(r, "flash_attn_prefill_bf16_d256", gate, 4, &again, err, sizeof err), 0);
    assert_ptr_equal(again, p);
    assert_int_equal(registry_counts(r).compiles, 1);
    assert_int_equal(registry_get(r, "nonexistent_kernel", &p, err, sizeof err), MXB_ENOENT);
    assert_string_equal(err, "Kernel not found: nonexistent_kernel");
    assert_int_equal(registry_counts(r).compiles, 1);
    registry_free(r);
    kernel_store_free(s);
    be->close(dev);
}

static const struct mxb_backend *find(const char *name)
{
    for (uint32_t i = 0; i < linked_backend_count; i++)
        if (strcmp(linked_backends[i]->name, name) == 0) return linked_backends[i];
    fail_msg("backend %s is not linked", name);
    return NULL;
}

static void constants_on_cpu(void **state) { (void)state; constants(find("cpu")); }
static void constants_on_opencl(void **state) { (void)state; constants(find("opencl")); }
static void constants_on_vulkan(void **state) { (void)state; constants(find("vulkan")); }
static void attention_on_opencl(void **state) { (void)state; attention(find("opencl")); }
static void attention_on_vulkan(void **state) { (void)state; attention(find("vulkan")); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants_on_cpu), cmocka_unit_test(constants_on_opencl), cmocka_unit_test(constants_on_vulkan),
        cmocka_unit_test(attention_on_opencl), cmocka_unit_test(attention_on_vulkan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
