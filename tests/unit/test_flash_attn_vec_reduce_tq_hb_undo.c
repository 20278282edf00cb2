/* Tests the merge with sign-undo: the oracle against NumPy's vectors, empty rows, the CPU kernels bit for bit against
 * the two ops that it fuses, the error scale from both sides, argument checks. */
#include "tests/unit/tq_fixture.h"

#include "kernels/turboquant/flash_attn_vec_reduce_tq_hb_undo/flash_attn_vec_reduce_tq_hb_undo.h"

#define PARAMS struct flash_attn_vec_reduce_tq_hb_undo_params
extern const struct mxb_op mxb_op_flash_attn_vec_reduce_tq_hb_undo, mxb_op_flash_attn_vec_reduce, mxb_op_fwht;
static const struct mxb_op *const op = &mxb_op_flash_attn_vec_reduce_tq_hb_undo;
static const char dk256[] = "flash_attn_vec_reduce_tq_hb_undo_dk256";
static const char dk512[] = "flash_attn_vec_reduce_tq_hb_undo_dk512";

/* Inputs of scripts/golden/flash_attn_vec_tq_hb.py. */
static void formula_inputs(struct run *r, int dim)
{
    const PARAMS *p = r->pr.params;
    const int rows = (int)p->nrows, nwg = (int)p->nwg;
    float *tmp = r->stored[T_TMP];
    for (int row = 0; row < rows; row++)
        for (int g = 0; g < nwg; g++) {
            for (int c = 0; c < dim; c++) {
                const int at = 4 * ((row * (dim / 4) + c / 4) * nwg + g) + c % 4;
                tmp[at] = (float)((5 * row + 3 * c + 7 * g) % 29 - 14) / 8;
            }
            float *sm = tmp + rows * dim * nwg + 2 * (row * nwg + g);
            sm[0] = 1 + (float)((row + 3 * g) % 5) / 4;
            sm[1] = (float)((2 * row + 5 * g) % 11) / 4 - (g % 3 == 2 ? 40 : 0);
        }
}

static void check_golden(const char *name)
{
    char path[128];
    PARAMS p;
    uint32_t dim;
    double want, rest;
    struct run r;
    snprintf(path, sizeof path, "tests/golden/flash_attn_vec_reduce_tq_hb_undo/%s.txt", name);
    FILE *f = fopen(path, "r");
    if (!f) fail_msg("cannot read %s; run from the top folder", path);
    assert_int_equal(fscanf(f, "%u %u %u", &dim, &p.nrows, &p.nwg), 3);
    run_inputs(&r, op, dim == 256 ? dk256 : dk512, &p, 1, MXB_FILL_NORMAL);
    formula_inputs(&r, (int)dim);
    run_oracle(&r);
    for (uint64_t i = 0; i < r.pr.nelem[T_OUT]; i++) {
        assert_int_equal(fscanf(f, "%lf", &want), 1);
        if (!(fabs(r.oracle.t[T_OUT].v[i] - want) <= 1e-12))
            fail_msg("%s: out[%u] = %.17g, NumPy has %.17g", name, (unsigned)i, r.oracle.t[T_OUT].v[i], want);
    }
    assert_int_equal(fscanf(f, "%lf", &rest), EOF);
    fclose(f);
    run_expect_cpu(&r, name);
    run_close(&r);
}

static void oracle_equals_numpy(void **state)
{
    (void)state;
    check_golden("d256");
    check_golden("d512");
}

/* A row whose groups saw no key is 0; a group without keys changes nothing. */
static void empty_groups(void **state)
{
    const PARAMS p = { 1, 3 };
    struct run r;
    (void)state;
    run_inputs(&r, op, dk256, &p, 1, MXB_FILL_EXACT);
    float *tmp = r.stored[T_TMP];
    for (uint32_t i = 0; i < 3 * 256; i++) tmp[i] = 0;
    for (uint32_t g = 0; g < 3; g++) tmp[3 * 256 + 2 * g] = 0, tmp[3 * 256 + 2 * g + 1] = -0x1.fffffep126f;
    run_oracle(&r);
    for (uint32_t c = 0; c < 256; c++) assert_true(r.oracle.t[T_OUT].v[c] == 0);
    run_expect_cpu(&r, "empty row");
    tmp[3 * 256 + 2] = 2, tmp[3 * 256 + 3] = -90;            /* group 1 alone has keys: y = 3, 0, 0 ... */
    tmp[4] = 6;
    run_oracle(&r);
    for (uint32_t c = 0; c < 256; c++) assert_true(fabs(r.oracle.t[T_OUT].v[c]) == 3.0 / 16);
    run_expect_cpu(&r, "one group");
    run_close(&r);
}

static void cpu_kernels(void **state)
{
    static const uint32_t nwg[] = { 2, 3, 5, 8, 16, 31, 32 };
    (void)state;
    for (int fill = 0; fill < MXB_NFILL; fill++)
        for (size_t k = 0; k < MXB_COUNT(nwg); k++)
            for (uint64_t seed = 1; seed <= 3; seed++) {
                const PARAMS p = { 6, nwg[k] };
                struct run r;
                if (!(op->fills >> fill & 1)) continue;
                run_open(&r, op, k % 2 ? dk512 : dk256, &p, seed, (enum mxb_fill)fill);
                run_expect_cpu(&r, "every fill");
                run_close(&r);
            }
}

static int cpu_impl(const struct mxb_op *o, const char *name)
{
    for (uint32_t i = 0; i < o->nimpl; i++)
        if (strcmp(o->impl[i].name, name) == 0) return (int)i;
    fail_msg("%s has no implementation %s", o->name, name);
    return -1;
}

/* The unfused pair, run through its own ops, has the same bits. */
static void same_bits_as_the_pair(void **state)
{
    static const char *const isa[] = { "base", "avx2", "avx512" };
    const PARAMS p = { 16, 16 };                             /* both ops have nrows and nwg in this order */
    const uint32_t rows[] = { 16 };
    (void)state;
    for (size_t k = 0; k < MXB_COUNT(isa); k++)
        for (int big = 0; big < 2; big++) {
            struct run fused, merged, turned;
            run_inputs(&fused, op, big ? dk512 : dk256, &p, 8, MXB_FILL_NORMAL);
            run_inputs(&merged, &mxb_op_flash_attn_vec_reduce,
                       big ? "flash_attn_vec_reduce_dk512" : "flash_attn_vec_reduce_dk256", &p, 8, MXB_FILL_NORMAL);
            run_inputs(&turned, &mxb_op_fwht, big ? "fwht_sign_undo_f32_d512" : "fwht_sign_undo_f32_d256", rows, 8,
                       MXB_FILL_NORMAL);
            memcpy(merged.stored[0], fused.stored[T_TMP], problem_bytes(&fused.pr, T_TMP));
            if (run_cpu(&fused, cpu_impl(op, isa[k]))) {
                assert_true(run_cpu(&merged, cpu_impl(&mxb_op_flash_attn_vec_reduce, isa[k])));
                memcpy(turned.stored[0], merged.got[1], problem_bytes(&turned.pr, 0));
                assert_true(run_cpu(&turned, cpu_impl(&mxb_op_fwht, isa[k])));
                assert_memory_equal(fused.got[T_OUT], turned.got[0], problem_bytes(&fused.pr, T_OUT));
            }
            run_close(&fused);
            run_close(&merged);
            run_close(&turned);
        }
}

static void wrong_outputs_fail(void **state)
{
    const PARAMS p = { 5, 16 };
    (void)state;
    for (int big = 0; big < 2; big++) {
        struct run r;
        run_open(&r, op, big ? dk512 : dk256, &p, 8, MXB_FILL_NORMAL);
        assert_true(run_cpu(&r, cpu_impl(op, "base")));
        const struct check_report good = run_judge(&r);
        assert_true(good.status == ST_PASS && good.err_rms > 0.01);
        float *out = r.got[T_OUT];
        const uint64_t n = r.pr.nelem[T_OUT], one = n - 3;
        const float keep = out[one];
        out[one] = -keep;                                    /* one sign */
        assert_int_equal(run_judge(&r).status, ST_FAIL);
        out[one] = keep + 0x1p-14f;
        assert_int_equal(run_judge(&r).status, ST_FAIL);
        out[one] = keep;
        for (uint64_t i = 0; i < n; i++) out[i] *= 1 + 0x1p-17f;
        assert_int_equal(run_judge(&r).status, ST_FAIL);
        run_close(&r);
    }
}

static void bad_arguments_are_rejected(void **state)
{
    (void)state;
    run_rejects(op, dk256, &(PARAMS){ 0, 16 }, "nrows");
    run_rejects(op, dk256, &(PARAMS){ 4, 0 }, "nwg");
    run_rejects(op, dk256, &(PARAMS){ 4, 1 }, "nwg");        /* a finished row: nothing to merge */
    run_rejects(op, dk256, &(PARAMS){ 4, 33 }, "nwg");
}

static void work_is_counted(void **state)
{
    const PARAMS p = { 16, 32 };
    struct run r;
    (void)state;
    run_inputs(&r, op, dk256, &p, 1, MXB_FILL_NORMAL);
    assert_true(op->flops(&r.pr) == 3.0 * 16 * 32 * 256 + 16 * 256 * 10);
    assert_true(problem_min_bytes(&r.pr) == 4.0 * 16 * (32 * 258 + 256));
    run_close(&r);
}

static void tables_are_consistent(void **state)
{
    char err[MXB_ERRLEN] = "";
    (void)state;
    if (ops_check(op, err, sizeof err) != 0) fail_msg("%s", err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oracle_equals_numpy),
        cmocka_unit_test(empty_groups),
        cmocka_unit_test(cpu_kernels),
        cmocka_unit_test(same_bits_as_the_pair),
        cmocka_unit_test(wrong_outputs_fail),
        cmocka_unit_test(bad_arguments_are_rejected),
        cmocka_unit_test(work_is_counted),
        cmocka_unit_test(tables_are_consistent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
