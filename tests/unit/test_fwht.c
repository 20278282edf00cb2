/* Tests fwht: the sign tables, golden vectors, the oracle, its error scale from both sides, and the CPU kernels bit for
 * bit. */
#include "tests/unit/tq_fixture.h"

#include "kernels/common/tq_oracle.h"
#include "kernels/turboquant/fwht/fwht.h"

extern const struct mxb_op mxb_op_fwht;
static const struct mxb_op *const op = &mxb_op_fwht;

static uint32_t dim_of(const struct run *r)
{
    return (uint32_t)(r->pr.nelem[T_X] / ((const struct fwht_params *)r->pr.params)->num_heads);
}

/* ---- signs ---- */

static void sign_table(void **state)
{
    static const char first[] = "---++-+---+---++";      /* of byte 0xa7, 0x3b */
    uint32_t negative = 0;
    (void)state;
    for (uint32_t j = 0; j < 16; j++) assert_true(tq_oracle_sign(j) == (first[j] == '-' ? -1 : 1));
    for (uint32_t j = 0; j < 512; j++) {
        negative += tq_oracle_sign(j) < 0;
        if (j == 255) assert_int_equal(negative, 132);
    }
    assert_int_equal(negative, 263);
    /* The last bytes: 0x1e, 0x85. */
    for (uint32_t b = 0; b < 8; b++) {
        assert_true((tq_oracle_sign(496 + b) < 0) == (0x1e >> b & 1));
        assert_true((tq_oracle_sign(504 + b) < 0) == (0x85 >> b & 1));
    }
}

/* ---- golden vectors ---- */

static const struct golden { const char *entry; double first[4], sum_abs; } goldens[] = {
    { "fwht_standalone_f32_d256", { -0.0390625, 0.0390625, -0.0546875, -0.1328125 }, 104.625 },
    { "fwht_sign_premult_f32_d256", { -0.5546875, -0.6328125, -0.2578125, 0.3828125 }, 124.296875 },
    { "fwht_sign_undo_f32_d256", { 0.0390625, -0.0390625, 0.0546875, -0.1328125 }, 104.625 },
    { "fwht_standalone_f32_d512", { -0.01657281, -0.03866990, 0.01657281, -0.09391262 }, 207.911491 },
    { "fwht_sign_premult_f32_d512", { -0.41432038, -0.54690289, -0.44746602, 0.52480578 }, 242.206166 },
    { "fwht_sign_undo_f32_d512", { 0.01657281, 0.03866990, -0.01657281, -0.09391262 }, 207.911491 },
};

static void expect_golden(const struct golden *g, uint32_t dim, const char *who, double (*at)(const void *, uint32_t),
                          const void *y)
{
    /* D = 256: exact.  D = 512: to the digits given, and the vectors were made with the unrounded 1 / sqrt(512). */
    const double digit = dim == 256 ? 0 : 1e-8, factor = dim == 256 ? 0 : 0x1p-24;
    double sum = 0;
    for (uint32_t i = 0; i < 4; i++)
        if (!(fabs(at(y, i) - g->first[i]) <= digit + factor * fabs(g->first[i])))
            fail_msg("%s %s: [%u] is %.9g", g->entry, who, i, at(y, i));
    for (uint32_t i = 0; i < dim; i++) sum += fabs(at(y, i));
    if (!(fabs(sum - g->sum_abs) <= 100 * digit + factor * g->sum_abs))
        fail_msg("%s %s: sum of magnitudes %.9g", g->entry, who, sum);
}

static double at_f32(const void *y, uint32_t i) { return (double)((const float *)y)[i]; }
static double at_f64(const void *y, uint32_t i) { return ((const double *)y)[i]; }

/* x_i = ((7 i + 3) mod 17 - 8) / 8; sums are exact, so all kernels must give the oracle's value rounded once. */
static void golden_vectors(void **state)
{
    (void)state;
    for (size_t g = 0; g < MXB_COUNT(goldens); g++) {
        const struct fwht_params p = { .num_heads = 1 };
        struct run r;
        run_inputs(&r, op, goldens[g].entry, &p, 1, MXB_FILL_EXACT);
        const uint32_t dim = dim_of(&r);
        for (uint32_t i = 0; i < dim; i++) ((float *)r.stored[T_X])[i] = (float)((int)((7 * i + 3) % 17) - 8) * 0.125f;
        run_oracle(&r);
        expect_golden(&goldens[g], dim, "oracle", at_f64, r.oracle.t[T_X].v);
        for (uint32_t i = 0; i < op->nimpl; i++)
            if (strcmp(op->impl[i].lang, "c") == 0 && run_cpu(&r, (int)i)) {
                expect_golden(&goldens[g], dim, op->impl[i].name, at_f32, r.got[T_X]);
                assert_int_equal(run_judge(&r).status, ST_PASS);
            }
        run_close(&r);
    }
}

/* ---- the transform ---- */

static void undo_is_the_inverse_of_premult(void **state)
{
    const struct fwht_params p = { .num_heads = 3 };
    (void)state;
    for (int big = 0; big < 2; big++) {
        struct run a, b;
        run_open(&a, op, big ? "fwht_sign_premult_f32_d512" : "fwht_sign_premult_f32_d256", &p, 5, MXB_FILL_NORMAL);
        run_inputs(&b, op, big ? "fwht_sign_undo_f32_d512" : "fwht_sign_undo_f32_d256", &p, 5, MXB_FILL_NORMAL);
        for (uint64_t i = 0; i < a.pr.nelem[T_X]; i++) ((float *)b.stored[T_X])[i] = (float)a.oracle.t[T_X].v[i];
        run_oracle(&b);
        double energy[2] = { 0 };
        for (uint64_t i = 0; i < a.pr.nelem[T_X]; i++) {
            assert_true(fabs(b.oracle.t[T_X].v[i] - mxb_load(MXB_F32, a.stored[T_X], i)) < 1e-5);
            energy[0] += pow(mxb_load(MXB_F32, a.stored[T_X], i), 2);
            energy[1] += pow(a.oracle.t[T_X].v[i], 2);
        }
        assert_true(fabs(energy[1] / energy[0] - 1) < 1e-6);
        run_close(&a);
        run_close(&b);
    }
}

/* Bit for bit: a plain loop over the butterflies in f32. */
static void plain_f32(const struct run *r, float *y, uint32_t first_h, float factor)
{
    const uint32_t dim = dim_of(r);
    const bool pre = strstr(r->pr.entry->name, "premult"), undo = strstr(r->pr.entry->name, "undo");
    memcpy(y, r->stored[T_X], r->pr.nelem[T_X] * sizeof *y);
    for (uint64_t row = 0; row < r->pr.nelem[T_X]; row += dim) {
        float *x = y + row;
        for (uint32_t j = 0; j < dim && pre; j++) x[j] *= (float)tq_oracle_sign(j);
        for (uint32_t h = first_h; h < dim; h *= 2)
            for (uint32_t i = 0; i < dim; i++)
                if (!(i & h)) {
                    const float a = x[i], b = x[i + h];
                    x[i] = a + b;
                    x[i + h] = a - b;
                }
        for (uint32_t j = 0; j < dim; j++) x[j] *= factor * (undo ? (float)tq_oracle_sign(j) : 1);
    }
}

static void cpu_kernels_have_the_bits_of_the_plain_loop(void **state)
{
    static const enum mxb_fill fill[] = { MXB_FILL_NORMAL, MXB_FILL_EXACT, MXB_FILL_NEEDLE, MXB_FILL_LARGE };
    const struct fwht_params p = { .num_heads = 3 };
    (void)state;
    for (uint32_t e = 0; e < op->nentry; e++)
        for (size_t f = 0; f < MXB_COUNT(fill); f++) {
            struct run r;
            run_open(&r, op, op->entry[e].name, &p, 7, fill[f]);
            float *y = malloc(problem_bytes(&r.pr, T_X));
            assert_non_null(y);
            plain_f32(&r, y, 1, dim_of(&r) == 256 ? 0.0625f : 0.044194173f);
            for (uint32_t i = 0; i < op->nimpl; i++)
                if (strcmp(op->impl[i].lang, "c") == 0 && run_cpu(&r, (int)i))
                    assert_memory_equal(r.got[T_X], y, problem_bytes(&r.pr, T_X));
            run_expect_cpu(&r, op->entry[e].name);
            free(y);
            run_close(&r);
        }
}

/* NaN spreads over its row, an infinity makes a row of infinities; other rows stay. */
static void special_rows(void **state)
{
    const struct fwht_params p = { .num_heads = 9 };
    (void)state;
    for (uint32_t e = 0; e < op->nentry; e++) {
        struct run r;
        run_open(&r, op, op->entry[e].name, &p, 3, MXB_FILL_PROBE);
        run_expect_cpu(&r, op->entry[e].name);
        run_close(&r);
    }
}

/* ---- the error scale ---- */

static void wrong_arithmetic_fails(void **state)
{
    const struct fwht_params p = { .num_heads = 4 };
    (void)state;
    for (uint32_t e = 0; e < op->nentry; e++) {
        struct run r;
        run_open(&r, op, op->entry[e].name, &p, 7, MXB_FILL_NORMAL);
        const float factor = dim_of(&r) == 256 ? 0.0625f : 0.044194173f;
        plain_f32(&r, r.got[T_X], 1, factor);
        const struct check_report good = run_judge(&r);
        assert_int_equal(good.status, ST_PASS);
        assert_true(good.err_rms > 0.1 && good.err_rms < 0.8);       /* and the scale is no wider than it must be */
        plain_f32(&r, r.got[T_X], 1, factor * (1 + 0x1p-20f));       /* 16 roundoffs */
        assert_int_equal(run_judge(&r).status, ST_FAIL);
        plain_f32(&r, r.got[T_X], 2, factor);                        /* one stage left out */
        assert_int_equal(run_judge(&r).status, ST_FAIL);
        plain_f32(&r, r.got[T_X], 1, factor);
        ((float *)r.got[T_X])[dim_of(&r) - 1] *= -1;                 /* one sign */
        assert_int_equal(run_judge(&r).status, ST_FAIL);
        run_close(&r);
    }
}

/* ---- argument checks and accounting ---- */

static void bad_arguments_are_rejected(void **state)
{
    (void)state;
    run_rejects(op, "fwht_standalone_f32_d256", &(struct fwht_params){ 0 }, "num_heads");
    run_rejects(op, "fwht_standalone_f32_d256", &(struct fwht_params){ 4194305 }, "num_heads");
    assert_null(ops_entry(op, "fwht_standalone_f32_d128"));          /* other head dimensions have no entry */
}

static void work_is_counted(void **state)
{
    const struct fwht_params p = { .num_heads = 16 };
    struct run r;
    (void)state;
    run_open(&r, op, "fwht_sign_premult_f32_d256", &p, 1, MXB_FILL_NORMAL);
    assert_true(op->flops(&r.pr) == 16 * 256 * 9 && problem_min_bytes(&r.pr) == 8 * 16 * 256);
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
        cmocka_unit_test(sign_table),
        cmocka_unit_test(golden_vectors),
        cmocka_unit_test(undo_is_the_inverse_of_premult),
        cmocka_unit_test(cpu_kernels_have_the_bits_of_the_plain_loop),
        cmocka_unit_test(special_rows),
        cmocka_unit_test(wrong_arithmetic_fails),
        cmocka_unit_test(bad_arguments_are_rejected),
        cmocka_unit_test(work_is_counted),
        cmocka_unit_test(tables_are_consistent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
