/* The checker, by mutation: healthy outputs pass, and each kind of wrong output fails in the way it should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/check.h"
#include "tests/unit/toy_op.h"
#include <stdlib.h>
#include <string.h>

static char err[MXB_ERRLEN];

/* One checked problem: `got` starts as the oracle's values rounded once. */
struct trial {
    struct mxb_op op;
    struct mxb_tensor tensor[TOY_NTENSOR];
    struct toy_params params;
    struct mxb_problem pr;
    struct item_set set;
    struct oracle o;
    void *stored[MXB_MAX_BIND], *got[MXB_MAX_BIND];
    struct check_report r;
};

static struct trial *start(int entry, uint32_t rows, uint32_t depth, enum mxb_fill fill, uint64_t sampled)
{
    struct trial *x = calloc(1, sizeof *x);
    assert_non_null(x);
    x->op = toy_op;
    memcpy(x->tensor, toy_tensor, sizeof x->tensor);
    x->op.tensor = x->tensor;
    x->params = (struct toy_params){ rows, depth, 0, 0.0625f, 0, 0 };
    if (problem_init(&x->pr, &x->op, &toy_entry[entry], &x->params, 11, fill, err, sizeof err) != 0)
        fail_msg("%s", err);
    for (uint32_t t = 0; t < TOY_NTENSOR; t++)
        if (problem_reads(&x->pr, t)) {
            x->stored[t] = malloc(problem_bytes(&x->pr, t));
            assert_non_null(x->stored[t]);
            problem_fill(&x->pr, t, x->stored, NULL, x->stored[t]);
        }
    assert_int_equal(item_set_make(&x->pr, sampled, &x->set, err, sizeof err), 0);
    assert_int_equal(oracle_run(&x->pr, x->stored, &x->set, 0, &x->o, err, sizeof err), 0);
    for (uint32_t t = 0; t < TOY_NTENSOR; t++)
        if (problem_writes(&x->pr, t)) {
            x->got[t] = malloc(problem_bytes(&x->pr, t));
            assert_non_null(x->got[t]);
            for (uint64_t i = 0; i < x->pr.nelem[t]; i++)
                mxb_store(x->pr.dtype[t], x->got[t], i, x->o.t[t].v[i]);
        }
    return x;
}

static void finish(struct trial *x)
{
    for (uint32_t t = 0; t < MXB_MAX_BIND; t++) {
        free(x->stored[t]);
        free(x->got[t]);
    }
    oracle_free(&x->o);
    item_set_free(&x->set);
    free(x);
}

static enum mxb_status check(struct trial *x)
{
    check_outputs(&x->pr, &x->o, &x->set, x->got, MXB_F32, 1, &x->r);
    assert_true((x->r.status == ST_PASS) == (x->r.text[0] == 0));
    return x->r.status;
}

static double y(const struct trial *x, uint64_t i)
{
    return mxb_load(x->pr.dtype[TOY_Y], x->got[TOY_Y], i);
}

static void set_y(struct trial *x, uint64_t i, double v)
{
    mxb_store(x->pr.dtype[TOY_Y], x->got[TOY_Y], i, v);
}

static double sigma(const struct trial *x, uint64_t i)
{
    return hypot(mxb_unit(x->pr.dtype[TOY_Y]) * x->o.t[TOY_Y].v[i], 0x1p-24 * x->o.t[TOY_Y].p[i]);
}

/* y as a kernel computes it: products and sums in the accumulator's format, the first `depth` of them. */
static void compute(struct trial *x, enum mxb_dtype acc, uint32_t depth)
{
    for (uint64_t r = 0; r < x->params.rows; r++) {
        const double *a = x->o.t[TOY_A].v + r * x->params.depth, *b = x->o.t[TOY_B].v;
        double sum = 0;
        for (uint32_t k = 0; k < depth; k++)
            sum = mxb_round(acc, sum + mxb_round(acc, a[k] * b[k]));
        set_y(x, r, (double)((float)sum * x->params.scale));
    }
}

/* y in bf16 by cutting the low bits of the f32 off. */
static void truncate_y(struct trial *x)
{
    for (uint64_t r = 0; r < x->params.rows; r++) {
        const float f = (float)x->o.t[TOY_Y].v[r];
        uint32_t bits;
        memcpy(&bits, &f, sizeof bits);
        bits &= 0xFFFF0000u;
        memcpy((char *)x->got[TOY_Y] + 2 * r, (const char *)&bits + 2, 2);   /* little-endian hosts */
    }
}

static void scale_y(struct trial *x, double factor)
{
    for (uint64_t r = 0; r < x->params.rows; r++)
        set_y(x, r, x->o.t[TOY_Y].v[r] * factor);
}

/* ---- what must pass ---- */

static void test_healthy(void **state)
{
    (void)state;
    for (int entry = 0; entry < 4; entry++) {
        struct trial *x = start(entry, 128, 4096, MXB_FILL_NORMAL, 0);
        assert_int_equal(check(x), ST_PASS);
        compute(x, MXB_F32, 4096);
        assert_int_equal(check(x), ST_PASS);
        assert_int_equal(x->r.compared, 128 * 4);
        assert_int_equal(x->r.bad, 0);
        assert_true(x->r.err_rms > 0.05 && x->r.err_rms < 0.8);
        assert_true(x->r.err_max > 0.2 && x->r.err_max < 5);
        finish(x);
    }
}

static void test_exact_fill(void **state)
{
    (void)state;
    for (int entry = 0; entry < 4; entry++) {
        struct trial *x = start(entry, 32, 4096, MXB_FILL_EXACT, 0);
        compute(x, MXB_F32, 4096);
        assert_int_equal(check(x), ST_PASS);
        assert_true(x->r.err_rms == 0 && x->r.err_max == 0);
        const double v = y(x, 5);
        set_y(x, 5, v + fabs(v) * 2 * mxb_unit(x->pr.dtype[TOY_Y]));     /* one step of the format */
        assert_int_equal(check(x), ST_FAIL);
        assert_int_equal(x->r.bad, 1);
        assert_true(x->r.index == 5 && x->r.tensor == TOY_Y && x->r.want == v && x->r.got == y(x, 5));
        finish(x);
    }
}

/* ---- what must not ---- */

static void test_one_wrong_of_many(void **state)
{
    (void)state;
    struct trial *x = start(0, 100000, 8, MXB_FILL_NORMAL, 0);
    const double right = y(x, 73210);
    set_y(x, 73210, right + 16 * sigma(x, 73210));
    assert_int_equal(check(x), ST_FAIL);
    assert_int_equal(x->r.bad, 1);
    assert_int_equal(x->r.index, 73210);
    assert_true(x->r.err_max > 15 && x->r.err_max < 17 && x->r.err_rms < 1);
    char want[MXB_ERRLEN];           /* y is shown as [2, rows / 2] */
    snprintf(want, sizeof want, "y[1,23210]: want %.9g, got %.9g (%.3g sigma), 1 of 400000 wrong", x->r.want, x->r.got,
             x->r.err_max);
    assert_string_equal(x->r.text, want);
    set_y(x, 73210, right + 6 * sigma(x, 73210));    /* within the gate of a single element */
    assert_int_equal(check(x), ST_PASS);
    finish(x);
}

static void test_grossly_wrong(void **state)
{
    (void)state;
    for (int entry = 0; entry < 4; entry++) {
        struct trial *x = start(entry, 256, 512, MXB_FILL_NORMAL, 0);
        scale_y(x, 0);
        assert_int_equal(check(x), ST_FAIL);
        scale_y(x, 2);
        assert_int_equal(check(x), ST_FAIL);
        scale_y(x, -1);
        assert_int_equal(check(x), ST_FAIL);
        scale_y(x, NAN);
        assert_int_equal(check(x), ST_FAIL);
        assert_int_equal(x->r.bad, 256);
        assert_non_null(strstr(x->r.text, "got nan"));
        memset(x->got[TOY_Y], 0xFF, problem_bytes(&x->pr, TOY_Y));       /* poison that nobody overwrote */
        assert_int_equal(check(x), ST_FAIL);
        compute(x, MXB_F32, 511);    /* the last product is missing */
        assert_int_equal(check(x), ST_FAIL);
        compute(x, MXB_F32, 512);
        assert_int_equal(check(x), ST_PASS);
        finish(x);
    }
}

/* One per cent is 2.5 units of bf16: no element is far off, but all of them are. */
static void test_scale_error(void **state)
{
    (void)state;
    for (int entry = 0; entry < 4; entry++) {
        struct trial *x = start(entry, 1024, 64, MXB_FILL_NORMAL, 0);
        scale_y(x, 1.01);
        assert_int_equal(check(x), ST_FAIL);
        if (x->pr.dtype[TOY_Y] == MXB_BF16) {
            assert_true(x->r.bad == 0 && x->r.err_rms > 2 && x->r.err_max < 8);
            assert_non_null(strstr(x->r.text, "y: rms error 2."));
            assert_non_null(strstr(x->r.text, "at most 1 allowed; worst y["));
            scale_y(x, 1.004);       /* the smallest that still must fail */
            assert_int_equal(check(x), ST_FAIL);
            assert_true(x->r.err_rms > 1 && x->r.err_rms < 1.4);
            scale_y(x, 1.01);        /* a declared tolerance moves both gates */
            check_outputs(&x->pr, &x->o, &x->set, x->got, MXB_F32, 4, &x->r);
            assert_int_equal(x->r.status, ST_PASS);
        }
        finish(x);
    }
}

static void test_narrow_accumulator(void **state)
{
    (void)state;
    for (int entry = 0; entry < 4; entry++) {
        struct trial *x = start(entry, 64, 4096, MXB_FILL_NORMAL, 0);
        compute(x, MXB_BF16, 4096);
        assert_int_equal(check(x), ST_FAIL);
        compute(x, MXB_F16, 4096);
        assert_true(check(x) == ST_FAIL || x->pr.dtype[TOY_Y] == MXB_BF16);   /* f16 sums are finer than bf16 outputs */
        /* an impl that declares its accumulator is judged by it */
        check_outputs(&x->pr, &x->o, &x->set, x->got, MXB_F16, 1, &x->r);
        assert_int_equal(x->r.status, ST_PASS);
        finish(x);
    }
}

/* What an impl declares to narrow is allowed to it, to no other impl, and to no op that does not say how much it costs. */
static void test_narrowing(void **state)
{
    (void)state;
    struct trial *x = start(0, 64, 16, MXB_FILL_NORMAL, 0);
    const struct mxb_impl narrows = { .narrow = true }, plain = { .narrow = false };
    for (uint64_t i = 0; i < x->pr.nelem[TOY_Y]; i++)
        mxb_store(MXB_F32, x->got[TOY_Y], i, x->o.t[TOY_Y].v[i] + (i % 2 ? 1e-3 : -1e-3));
    assert_null(x->o.t[TOY_Y].n);                    /* no impl of the op narrows */
    check_impl(&x->pr, &x->o, &x->set, x->got, &narrows, 1, &x->r);
    assert_int_equal(x->r.status, ST_FAIL);
    x->o.t[TOY_Y].n = calloc(x->pr.nelem[TOY_Y], sizeof(double));
    for (uint64_t i = 0; i < x->pr.nelem[TOY_Y]; i++) x->o.t[TOY_Y].n[i] = 1e-3;
    check_impl(&x->pr, &x->o, &x->set, x->got, &plain, 1, &x->r);
    assert_int_equal(x->r.status, ST_FAIL);
    check_impl(&x->pr, &x->o, &x->set, x->got, &narrows, 1, &x->r);
    assert_int_equal(x->r.status, ST_PASS);
    assert_true(x->r.err_rms > 0.9 && x->r.err_max < 1.1);
    finish(x);
}

/* Cutting bits off instead of rounding doubles the error of a bf16 output, to an rms of 0.85 sigma: still inside the
 * gate, which must leave room for accumulation.  The exact fill finds it, because its sums need rounding. */
static void test_truncation(void **state)
{
    (void)state;
    struct trial *x = start(2, 2000, 64, MXB_FILL_NORMAL, 0);
    truncate_y(x);
    assert_int_equal(check(x), ST_PASS);
    assert_true(x->r.err_rms > 0.8 && x->r.err_rms < 0.9);
    finish(x);
    x = start(2, 500, 4096, MXB_FILL_EXACT, 0);
    truncate_y(x);
    assert_int_equal(check(x), ST_FAIL);
    assert_true(x->r.bad > 50);
    finish(x);
}

static void test_classes(void **state)
{
    (void)state;
    static const struct { double want, got; bool right; } known[] = {
        { NAN, NAN, true }, { NAN, 1, false }, { 1, NAN, false }, { INFINITY, INFINITY, true },
        { INFINITY, -INFINITY, false }, { INFINITY, NAN, false }, { NAN, INFINITY, false }, { INFINITY, 65504, false },
        { 1e6, INFINITY, true }, { 1e6, 65504, false }, { -1e6, INFINITY, false }, { 60000, INFINITY, false },
        { 65530, 65504, false }, { 65530, INFINITY, true },
        { 0, 0x1p-24, true }, { 0, 0x1p-20, false }, { 0, -0.0, true },
    };
    for (size_t i = 0; i < MXB_COUNT(known); i++) {
        struct trial *x = start(1, 64, 4, MXB_FILL_NORMAL, 0);
        x->o.t[TOY_Y].v[3] = known[i].want;
        x->o.t[TOY_Y].p[3] = 0;
        set_y(x, 3, known[i].got);
        if ((check(x) == ST_PASS) != known[i].right)
            fail_msg("want %g, got %g: %s", known[i].want, known[i].got, status_name(x->r.status));
        finish(x);
    }
    struct trial *x = start(0, 64, 4, MXB_FILL_NORMAL, 0);
    x->o.t[TOY_Y].p[7] = INFINITY;   /* an error scale that would allow anything */
    assert_int_equal(check(x), ST_FAIL);
    x->o.t[TOY_Y].p[7] = NAN;
    assert_int_equal(check(x), ST_FAIL);
    x->o.t[TOY_Y].p[7] = 1;
    x->o.t[TOY_Y].x[7] = NAN;
    assert_int_equal(check(x), ST_FAIL);
    finish(x);
}

static void test_declared_errors(void **state)
{
    (void)state;
    struct trial *x = start(0, 64, 4, MXB_FILL_NORMAL, 0);
    set_y(x, 9, y(x, 9) + 1);
    assert_int_equal(check(x), ST_FAIL);
    x->o.t[TOY_Y].x[9] = 0.2;        /* five standard deviations, and rms below 1 over 64 */
    assert_int_equal(check(x), ST_PASS);
    assert_true(x->r.err_max > 4.9 && x->r.err_max < 5.1);
    finish(x);
}

static void test_signed_zero(void **state)
{
    (void)state;
    struct trial *x = start(0, 64, 4, MXB_FILL_EXACT, 0);
    x->o.t[TOY_Y].v[3] = 0;
    set_y(x, 3, -0.0);
    assert_int_equal(check(x), ST_PASS);
    x->tensor[TOY_Y].tol = MXB_TOL_EXACT;
    assert_int_equal(check(x), ST_FAIL);
    set_y(x, 3, 0.0);
    assert_int_equal(check(x), ST_PASS);
    x->pr.fill = MXB_FILL_NORMAL;    /* exact tensors are exact under every fill */
    set_y(x, 4, nextafterf((float)y(x, 4), 1e9f));
    assert_int_equal(check(x), ST_FAIL);
    finish(x);
}

static void test_integers(void **state)
{
    (void)state;
    struct trial *x = start(0, 64, 4, MXB_FILL_NORMAL, 0);
    x->tensor[TOY_COUNT].tol = MXB_TOL_SIGMA;        /* integers are exact whatever the table says */
    ((int32_t *)x->got[TOY_COUNT])[126] = 64;
    assert_int_equal(check(x), ST_FAIL);
    assert_string_equal(x->r.text, "count[63,0]: want 63, got 64, 1 of 256 wrong");
    finish(x);
}

static void test_vacuous(void **state)
{
    (void)state;
    struct trial *x = start(0, 64, 16, MXB_FILL_NORMAL, 0);
    for (uint64_t i = 0; i < 64; i++)
        x->o.t[TOY_Y].p[i] = 0x1p24 * 10;            /* so wide that zero passes the gates */
    assert_int_equal(check(x), ST_PASS);
    scale_y(x, 0);
    assert_int_equal(check(x), ST_MISTRUSTED);
    assert_non_null(strstr(x->r.text, "y: every output is 0"));
    for (uint64_t i = 0; i < 64; i++) {              /* a constant answer to a constant question is fine */
        x->o.t[TOY_Y].v[i] = 3;
        set_y(x, i, 3);
    }
    assert_int_equal(check(x), ST_PASS);
    for (uint32_t t = 0; t < TOY_NTENSOR; t++)
        x->pr.nelem[t] = 0;
    assert_int_equal(check(x), ST_MISTRUSTED);
    assert_string_equal(x->r.text, "nothing was compared");
    assert_int_equal(x->r.compared, 0);
    check_same_bits(&x->pr, x->got, x->got, &x->r);
    assert_int_equal(x->r.status, ST_MISTRUSTED);
    finish(x);
}

static void test_sampled(void **state)
{
    (void)state;
    struct trial *x = start(0, 1000, 4, MXB_FILL_NORMAL, 50);
    assert_int_equal(check(x), ST_PASS);
    assert_int_equal(x->r.compared, 50 * 4);
    const int64_t in = x->set.pick[20], out = x->set.pick[20] + 1 == x->set.pick[21] ? -1 : x->set.pick[20] + 1;
    assert_true(out > 0);
    set_y(x, (uint64_t)out, 1e9);
    assert_int_equal(check(x), ST_PASS);
    set_y(x, (uint64_t)in, 1e9);
    assert_int_equal(check(x), ST_FAIL);
    assert_true(x->r.index == (uint64_t)in && x->r.bad == 1);
    set_y(x, 999, 1e9);              /* the last item is always in */
    assert_int_equal(check(x), ST_FAIL);
    assert_int_equal(x->r.bad, 2);
    finish(x);
}

static void test_same_bits(void **state)
{
    (void)state;
    struct trial *x = start(0, 64, 4, MXB_FILL_NORMAL, 0), *z = start(0, 64, 4, MXB_FILL_NORMAL, 0);
    check_same_bits(&x->pr, x->got, z->got, &x->r);
    assert_int_equal(x->r.status, ST_PASS);
    assert_int_equal(x->r.compared, 64 * 4);
    set_y(z, 40, nextafterf((float)y(z, 40), 1e9f));
    set_y(z, 41, -y(z, 41));
    check_same_bits(&x->pr, x->got, z->got, &x->r);
    assert_int_equal(x->r.status, ST_FAIL);
    assert_true(x->r.bad == 2 && x->r.index == 40 && x->r.tensor == TOY_Y);
    assert_non_null(strstr(x->r.text, "y[1,8]: "));
    assert_non_null(strstr(x->r.text, "2 of 256 differ in bits"));
    finish(x);
    finish(z);
}

static void test_guard(void **state)
{
    (void)state;
    enum { N = 4096 };
    unsigned char zone[N], other[N];
    size_t bad = 0;
    guard_fill(zone, N, 1);
    guard_fill(other, N, 2);
    int equal = 0, shifted = 0;
    for (int i = 0; i < N; i++) {
        assert_true(zone[i] != 0x00 && zone[i] != 0xFF);
        equal += zone[i] == other[i];
        shifted += i > 0 && zone[i] == zone[i - 1];
    }
    assert_true(equal < N / 50 && shifted < N / 50);
    assert_true(guard_intact(zone, N, 1, &bad));
    assert_false(guard_intact(zone, N, 2, NULL));
    assert_false(guard_intact(zone + 8, N - 8, 1, NULL));
    for (size_t i = 0; i < N; i += 97) {
        zone[i] ^= 1;
        assert_false(guard_intact(zone, N, 1, &bad));
        assert_int_equal(bad, i);
        zone[i] ^= 1;
    }
    assert_true(guard_intact(zone, 0, 9, NULL));
}

static void test_status_names(void **state)
{
    (void)state;
    static const char *const names[ST_COUNT] = {
        "PASS", "FAIL", "SKIP", "UNIMPLEMENTED", "MISTRUSTED", "ERROR", "CRASHED", "TIMEOUT",
    };
    for (int s = 0; s < ST_COUNT; s++) {
        assert_string_equal(status_name((enum mxb_status)s), names[s]);
        assert_true(status_fails_run((enum mxb_status)s) == (s != ST_PASS && s != ST_SKIP));
    }
}

/* The error relative to the values: by hand, over the compared items alone, and none where bits are compared. */
static void test_relative_error(void **state)
{
    (void)state;
    struct trial *x = start(0, 64, 16, MXB_FILL_NORMAL, 0);
    double e2 = 0, v2 = 0;
    for (uint64_t i = 0; i < x->pr.nelem[TOY_Y]; i++) {
        set_y(x, i, x->o.t[TOY_Y].v[i] + (i % 2 ? 1 : -1) * 0.5 * sigma(x, i));
        e2 += (y(x, i) - x->o.t[TOY_Y].v[i]) * (y(x, i) - x->o.t[TOY_Y].v[i]);
        v2 += x->o.t[TOY_Y].v[i] * x->o.t[TOY_Y].v[i];
    }
    assert_int_equal(check(x), ST_PASS);
    assert_true(fabs(x->r.nrmse / sqrt(e2 / v2) - 1) < 1e-12);
    assert_true(x->r.nrmse > 0);
    finish(x);
    x = start(0, 64, 16, MXB_FILL_EXACT, 0);
    assert_int_equal(check(x), ST_PASS);
    assert_true(isnan(x->r.nrmse));
    finish(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_healthy), cmocka_unit_test(test_exact_fill), cmocka_unit_test(test_one_wrong_of_many),
        cmocka_unit_test(test_grossly_wrong), cmocka_unit_test(test_scale_error),
        cmocka_unit_test(test_narrow_accumulator),
        cmocka_unit_test(test_narrowing), cmocka_unit_test(test_truncation), cmocka_unit_test(test_classes),
        cmocka_unit_test(test_declared_errors), cmocka_unit_test(test_signed_zero), cmocka_unit_test(test_integers),
        cmocka_unit_test(test_vacuous), cmocka_unit_test(test_sampled), cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_guard), cmocka_unit_test(test_status_names), cmocka_unit_test(test_relative_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
