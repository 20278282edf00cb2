/* Plans: which impl, which constants in which order, grids, bindings, and each reason why a device cannot run a case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "harness/plan.h"
#include "tests/unit/toy_op.h"

static const struct mxb_caps gpu = {
    .max_wg = 256, .max_wg_dim = { 256, 256, 64 }, .max_groups = { 65535, 65535, 65535 }, .local_bytes = 32768,
    .mem_bytes = 1 << 20, .max_buffer = 1 << 18, .push_bytes = 128, .max_bind = 8, .sg_min = 8,
};
static char why[MXB_ERRLEN];

static struct plan *fresh(void)
{
    struct plan *p = calloc(1, sizeof *p);
    assert_non_null(p);
    return p;
}

/* Plans the toy op's problem and returns the code; p and why hold the rest. */
static int plan(struct plan *p, const struct toy_params *params, int entry, const char *lang, const struct mxb_caps *caps,
                const struct tile_value *tile, uint32_t ntile)
{
    struct mxb_problem pr;
    if (problem_init(&pr, &toy_op, &toy_entry[entry], params, 1, MXB_FILL_NORMAL, why, sizeof why)) fail_msg("%s", why);
    *why = 0;
    return plan_make(&pr, lang, caps, -1, tile, ntile, p, why, sizeof why);
}

static const struct toy_params small = { 10, 16, 1, 0.1f, -1, 1 };

static void test_gpu_plan(void **state)
{
    (void)state;
    struct plan *p = fresh();
    assert_int_equal(plan(p, &small, 0, "comp", &gpu, NULL, 0), 0);
    assert_string_equal(p->impl->name, "split");
    assert_string_equal(p->tile_text, "SPLIT=4 WG=64");
    assert_int_equal(p->nstep, 2);
    assert_int_equal(p->step[0].groups[0], 3);           /* ceil(10 / 4): the tail is not dropped */
    assert_int_equal(p->step[0].groups[1], 4);
    assert_int_equal(p->step[0].groups[2], 1);
    assert_int_equal(p->step[0].local[0], 64);
    assert_int_equal(p->step[1].groups[0], 10);
    static const uint8_t split[] = { TOY_A, TOY_B, TOY_BIAS, TOY_SCRATCH, TOY_PACKED };
    static const uint8_t merge[] = { TOY_SCRATCH, TOY_Y, TOY_COUNT, TOY_STATE };
    assert_int_equal(p->step[0].nbind, 5);
    assert_memory_equal(p->step[0].bind, split, sizeof split);
    assert_int_equal(p->step[1].nbind, 4);
    assert_memory_equal(p->step[1].bind, merge, sizeof merge);
    /* consts in the order of the table, then tiles; bools and ints apart for the key */
    static const uint32_t id[] = { 300, 200, 1000, 1001 };
    static const int32_t value[] = { 1, 0, 4, 64 };      /* has a bias; 10 rows are not a multiple of 4 */
    assert_int_equal(p->nspec, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(p->spec[i].id, id[i]);
        assert_int_equal(p->spec[i].value, value[i]);
    }
    assert_true(p->nbool == 2 && p->nint == 0 && p->bools[0].index == 300 && p->bools[0].value && !p->bools[1].value);
    assert_int_equal(p->pr.nelem[TOY_PACKED], 40);       /* sizes that depend on a tile */
    assert_int_equal(p->pr.nelem[TOY_SCRATCH], 0);       /* WIDE=0 in this entry */
    free(p);
}

static void test_cpu_plan(void **state)
{
    (void)state;
    struct plan *p = fresh();
    const struct tile_value two = { "SPLIT", 2 };
    assert_int_equal(plan(p, &small, 0, "c", &gpu, &two, 1), 0);
    /* DTYPE x 3, WIDE, NEG, HAS_BIAS, ALIGNED, SPLIT */
    static const int32_t value[] = { MXB_F32, MXB_F32, MXB_F32, 0, -3, 1, 1, 2 };
    assert_int_equal(p->nspec, MXB_COUNT(value));
    for (uint32_t i = 0; i < MXB_COUNT(value); i++) assert_int_equal(p->spec[i].value, value[i]);
    assert_int_equal(p->step[0].scratch_bytes, 128);
    assert_int_equal(p->step[0].nbind, TOY_NTENSOR);     /* no list: the table's order */
    for (uint8_t t = 0; t < TOY_NTENSOR; t++) assert_int_equal(p->step[0].bind[t], t);
    free(p);
}

/* A limit of the device that does not suffice is SKIP, and the text names it. */
static void skips(const struct mxb_caps *caps, const struct tile_value *tile, const char *say)
{
    struct plan *p = fresh();
    assert_int_equal(plan(p, &small, 0, "cl", caps, tile, tile ? 1 : 0), MXB_EUNSUP);
    if (!strstr(why, say)) fail_msg("'%s' does not say '%s'", why, say);
    free(p);
}

static void test_limits(void **state)
{
    (void)state;
    struct mxb_caps c = gpu;
    c.local_bytes = 255;
    skips(&c, NULL, "needs 256 bytes of local memory, the device has 255 (SPLIT=4 WG=64)");
    c.local_bytes = 15;
    skips(&c, NULL, "local memory (SPLIT=4 WG=64)");
    c = gpu;
    c.max_wg = c.max_wg_dim[0] = 128;
    const struct tile_value wide = { "WG", 129 };
    skips(&c, &wide, "needs a workgroup of 129 work items, the device allows 128");
    c = gpu;
    c.max_wg_dim[0] = 32;
    skips(&c, NULL, "needs a workgroup of 64 work items");
    c = gpu;
    c.max_groups[0] = 9;
    skips(&c, NULL, "needs 10 workgroups along axis 0, the device allows 9");
    c = gpu;
    c.max_buffer = 639;
    skips(&c, NULL, "tensor a needs 640 bytes, a binding of the device holds 639");
    c = gpu;
    c.mem_bytes = 700;
    skips(&c, NULL, "bytes of device memory, the device has 700");
    c.kind = MXB_KIND_CPU;                               /* tensors of 944 bytes, three times */
    c.mem_bytes = 2831;
    skips(&c, NULL, "needs about 2832 bytes of memory with the copies of the check, the machine has 2831");
    c = gpu;
    c.push_bytes = 23;
    skips(&c, NULL, "needs 24 bytes of parameters, the device allows 23");
    c = gpu;
    c.max_bind = 4;
    skips(&c, NULL, "needs 5 buffers per kernel, the device allows 4");
    c = gpu;                                             /* exactly enough is enough */
    c.local_bytes = 256;
    c.max_buffer = 640;
    c.push_bytes = 24;
    c.max_bind = 5;
    c.max_groups[0] = 10;
    c.max_wg = c.max_wg_dim[0] = 64;
    struct plan *p = fresh();
    assert_int_equal(plan(p, &small, 0, "cl", &c, NULL, 0), 0);
    free(p);
}

static void test_choice_of_impl(void **state)
{
    (void)state;
    struct plan *p = fresh();
    /* "split" takes f32 and f16 only */
    assert_int_equal(plan(p, &small, 2, "cl", &gpu, NULL, 0), MXB_ENOENT);
    assert_non_null(strstr(why, "op toy has no 'cl' implementation of toy_bf16"));
    assert_int_equal(plan(p, &small, 2, "c", &gpu, NULL, 0), 0);

    /* the first that the device supports, and the preferred one's reason if there is none */
    struct mxb_impl two[2] = { toy_impl[1], toy_impl[1] };
    struct mxb_op op = toy_op;
    struct mxb_problem pr;
    two[0].name = "fancy";
    two[0].needs = MXB_FEAT_SUBGROUP;
    op.impl = two;
    op.nimpl = 2;
    assert_int_equal(problem_init(&pr, &op, &toy_entry[0], &small, 1, MXB_FILL_NORMAL, why, sizeof why), 0);
    assert_int_equal(plan_make(&pr, "cl", &gpu, -1, NULL, 0, p, why, sizeof why), 0);
    assert_ptr_equal(p->impl, &two[1]);
    struct mxb_caps c = gpu;
    c.features = MXB_FEAT_SUBGROUP;
    assert_int_equal(plan_make(&pr, "cl", &c, -1, NULL, 0, p, why, sizeof why), 0);
    assert_ptr_equal(p->impl, &two[0]);
    assert_int_equal(plan_make(&pr, "cl", &gpu, 0, NULL, 0, p, why, sizeof why), MXB_EUNSUP);
    assert_string_equal(why, "impl fancy needs subgroup operations");
    c = gpu;
    c.max_bind = 1;
    assert_int_equal(plan_make(&pr, "cl", &c, -1, NULL, 0, p, why, sizeof why), MXB_EUNSUP);
    assert_string_equal(why, "impl fancy needs subgroup operations");
    assert_ptr_equal(p->impl, &two[0]);
    free(p);
}

/* A kernel that counts on one width of subgroups can say so. */
static void test_subgroup_widths(void **state)
{
    (void)state;
    static const struct mxb_limit one_width[] = { { "sg == sg_max", "width" } };
    struct plan *p = fresh();
    struct mxb_impl im = toy_impl[1];
    struct mxb_op op = toy_op;
    struct mxb_problem pr;
    struct mxb_caps c = gpu;
    im.limit = one_width;
    im.nlimit = 1;
    op.impl = &im;
    op.nimpl = 1;
    assert_int_equal(problem_init(&pr, &op, &toy_entry[0], &small, 1, MXB_FILL_NORMAL, why, sizeof why), 0);
    c.sg_min = c.sg_max = 32;
    assert_int_equal(plan_make(&pr, "cl", &c, -1, NULL, 0, p, why, sizeof why), 0);
    c.sg_max = 64;
    assert_int_equal(plan_make(&pr, "cl", &c, -1, NULL, 0, p, why, sizeof why), MXB_EUNSUP);
    assert_string_equal(why, "width (SPLIT=4 WG=64)");
    free(p);
}

/* Mistakes in an op's table are ERROR, not SKIP. */
static void test_wrong_tables(void **state)
{
    (void)state;
    struct plan *p = fresh();
    const struct { struct mxb_kernel kernel; const char *say; } wrong[] = {
        { { .entry = "k", .grid = { "rowz" } }, "grid 'rowz'" },
        { { .entry = "k", .grid = { "rows - 10" } }, "0 workgroups" },
        { { .entry = "k", .local = { "0" } }, "workgroup of 0" },
        { { .entry = "k", .bind = "a bb" }, "binds unknown tensor 'bb'" },
        { { .entry = "k", .local_bytes = "4 +" }, "local memory '4 +'" },
    };
    for (size_t i = 0; i < MXB_COUNT(wrong); i++) {
        struct mxb_impl im = toy_impl[1];
        struct mxb_op op = toy_op;
        struct mxb_problem pr;
        im.kernel = &wrong[i].kernel;
        im.nkernel = 1;
        op.impl = &im;
        op.nimpl = 1;
        assert_int_equal(problem_init(&pr, &op, &toy_entry[0], &small, 1, MXB_FILL_NORMAL, why, sizeof why), 0);
        assert_int_equal(plan_make(&pr, "cl", &gpu, -1, NULL, 0, p, why, sizeof why), MXB_EINVAL);
        if (!strstr(why, wrong[i].say)) fail_msg("'%s' does not say '%s'", why, wrong[i].say);
    }
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gpu_plan), cmocka_unit_test(test_cpu_plan), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_choice_of_impl),
        cmocka_unit_test(test_subgroup_widths), cmocka_unit_test(test_wrong_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
