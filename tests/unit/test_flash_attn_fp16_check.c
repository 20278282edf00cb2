/* The error model of flash_attn_prefill with sums in f16: its kernel on emulated instructions passes the program's own check with
 * what the implementation declares, and not as one that narrows its weights alone; what f16 cannot add is added in f32. */
#include "tests/unit/fp16_emulation.h"
#include "tests/unit/op_fixture.h"
#include <math.h>

#if defined(FP16_EMULATED)
static uint32_t impl_named(const struct mxb_op *op, const char *name)
{
    uint32_t i = 0;
    while (strcmp(op->impl[i].name, name) != 0) i++;
    return i;
}

/* The op with the emulated kernel in the implementation's place, which this machine can run. */
struct emulated { struct mxb_op op; struct mxb_impl impl[32]; struct mxb_kernel kernel; uint32_t index; };

static bool emulate(struct op_run *r, struct emulated *e)
{
    struct mxb_caps caps;
    char err[MXB_ERRLEN] = "";
    assert_int_equal(mxb_backend_cpu.info(0, &caps, err, sizeof err), 0);
    if (!(caps.features & MXB_FEAT_AVX512)) return false;
    assert_true(r->pr.op->nimpl <= MXB_COUNT(e->impl));
    e->op = *r->pr.op;
    memcpy(e->impl, e->op.impl, e->op.nimpl * sizeof *e->impl);
    e->index = impl_named(&e->op, "avx512_fp16");
    e->kernel = *e->impl[e->index].kernel;
    e->kernel.cpu = flash_attn_prefill_emulated_fp16;
    e->impl[e->index].kernel = &e->kernel;
    e->impl[e->index].needs = MXB_FEAT_AVX512;
    e->op.impl = e->impl;
    r->pr.op = &e->op;
    return true;
}

static struct check_report check_as(struct op_run *r, const struct mxb_impl *im)
{
    struct check_report c;
    check_impl(&r->pr, &r->oracle, &r->set, r->tensor, im, 1, &c);
    return c;
}

struct shape { const char *entry; struct setting s[12]; };
static const struct shape shapes[] = {
    { "flash_attn_prefill_f16_d64", { { "seq_len_q", 70 }, { "seq_len_k", 90 }, { "do_causal", 1 }, { "q_offset", 20 } } },
    { "flash_attn_prefill_f16_d128_boolmask", { { "seq_len_q", 33 }, { "seq_len_k", 51 }, { "mask", 2 }, { "mask_fill", 1 } } },
    { "flash_attn_prefill_f16_d256", { { "seq_len_q", 40 }, { "seq_len_k", 300 }, { "mask", 1 }, { "mask_fill", 3 } } },
    { "flash_attn_prefill_f16_d256", { { "seq_len_q", 5 }, { "seq_len_k", 5 }, { "narrow_q", 0 }, { "do_causal", 1 } } },
    { "flash_attn_prefill_f16_d512", { { "seq_len_q", 17 }, { "seq_len_k", 130 }, { "scale", 1 } } },
};

static void every_fill_passes(void **state)
{
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(shapes); i++)
        for (int fill = 0; fill < MXB_NFILL; fill++) {
            struct op_run r;
            struct emulated e;
            run_open(&r, shapes[i].entry, shapes[i].s, (enum mxb_fill)fill);
            if (emulate(&r, &e)) {
                assert_true(run_cpu(&r, e.index, NULL, 0));
                const struct check_report c = check_as(&r, &e.impl[e.index]);
                if (c.status != ST_PASS) fail_msg("%s, shape %zu, fill %d: %s", shapes[i].entry, i, fill, c.text);
            }
            run_close(&r);
        }
}

/* The sums need what is declared for them, and get it under that declaration alone. */
static void sums_must_be_declared(void **state)
{
    struct op_run r;
    struct emulated e;
    (void)state;
    run_open(&r, "flash_attn_prefill_f16_d256", shapes[2].s, MXB_FILL_NORMAL);
    if (emulate(&r, &e)) {
        struct mxb_impl narrows = e.impl[e.index];
        narrows.short_sums = false;
        assert_true(run_cpu(&r, e.index, NULL, 0));
        assert_int_equal(check_as(&r, &narrows).status, ST_FAIL);
        assert_int_equal(check_as(&r, &e.impl[e.index]).status, ST_PASS);
    }
    run_close(&r);
}

/* Queries, keys or values so large that 16 products in f16 are infinite. */
static void large_numbers_are_added_in_f32(void **state)
{
    static const struct setting s[] = { { "seq_len_q", 20 }, { "seq_len_k", 100 }, { "scale", 0.001 }, { NULL, 0 } };
    static const double factor[][3] = { { 300, 300, 1 }, { 1, 1, 20000 }, { 0.001, 15000, 15000 } };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(factor); i++) {
        struct op_run r;
        struct emulated e;
        run_open(&r, "flash_attn_prefill_f16_d64", s, MXB_FILL_NORMAL);
        for (uint32_t t = T_Q; t <= T_V; t++)
            for (uint64_t k = 0; k < r.pr.nelem[t]; k++) {
                const double x = mxb_load(MXB_F16, r.input[t], k);
                mxb_store(MXB_F16, r.input[t], k, fmax(-65504, fmin(65504, x * factor[i][t])));
            }
        run_oracle(&r);
        if (emulate(&r, &e)) {
            assert_true(run_cpu(&r, e.index, NULL, 0));
            const struct check_report c = check_as(&r, &e.impl[e.index]);
            if (c.status != ST_PASS) fail_msg("factors %zu: %s", i, c.text);
        }
        run_close(&r);
    }
}
#endif

int main(void)
{
#if defined(FP16_EMULATED)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fill_passes),
        cmocka_unit_test(sums_must_be_declared),
        cmocka_unit_test(large_numbers_are_added_in_f32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
#else
    return 0;
#endif
}
