/* Tests rms_norm's oracle against NumPy's vectors and its edge cases, its error scale against f32 arithmetic of every
 * permitted quality, its generator and its argument checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/check.h"
#include "harness/ops.h"
#include "kernels/norm/rms_norm/rms_norm.h"

extern const struct mxb_op mxb_op_rms_norm;
static const struct mxb_op *const op = &mxb_op_rms_norm;

static struct mxb_problem problem(const char *entry, const struct rms_norm_params *p, uint64_t seed, enum mxb_fill fill)
{
    struct mxb_problem pr;
    char err[MXB_ERRLEN] = "";
    assert_non_null(ops_entry(op, entry));
    if (problem_init(&pr, op, ops_entry(op, entry), p, seed, fill, err, sizeof err) != 0)
        fail_msg("%s", err);
    return pr;
}

/* ---- the oracle against other implementations ---- */

static double *numbers(FILE *f, size_t n)
{
    double *v = malloc(n * sizeof *v);
    assert_non_null(v);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(fscanf(f, "%lf", &v[i]), 1);
    return v;
}

/* A file of scripts/golden/rms_norm.py; float64 sums in another order differ by a few 2^-53. */
static void check_golden(const char *name)
{
    char path[128], entry[64];
    unsigned rows, dim;
    double eps, rest;
    snprintf(path, sizeof path, "tests/golden/rms_norm/%s.txt", name);
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("cannot read %s; run from the top folder", path);
    assert_int_equal(fscanf(f, "%63s %u %u %lf", entry, &rows, &dim, &eps), 4);
    const struct rms_norm_params p = { .rows = rows, .dim = dim, .eps = (float)eps };
    assert_true((double)p.eps == eps);
    const struct mxb_problem pr = problem(entry, &p, 1, MXB_FILL_NORMAL);
    const size_t n = (size_t)rows * dim;
    double *x = numbers(f, n), *w = pr.nelem[T_W] ? numbers(f, dim) : NULL, *want = numbers(f, n);
    assert_int_equal(fscanf(f, "%lf", &rest), EOF);
    fclose(f);
    for (size_t i = 0; i < n; i++)               /* the file is about values that the entry can hold */
        assert_true(mxb_round(pr.dtype[T_X], x[i]) == x[i]);
    double *y = calloc(n, sizeof *y), *scale = calloc(n, sizeof *scale), *extra = calloc(n, sizeof *extra);
    assert_true(y && scale && extra);
    const struct mxb_ref t[] = { { .v = x }, { .v = w }, { .v = y, .p = scale, .x = extra } };
    op->reference(&pr, t, 0, rows);
    for (size_t i = 0; i < n; i++)
        if (!(fabs(y[i] - want[i]) <= 1e-14 * fabs(want[i])))
            fail_msg("%s: y[%zu] = %.17g, NumPy has %.17g", name, i, y[i], want[i]);
    free(x), free(w), free(want), free(y), free(scale), free(extra);
}

static void oracle_equals_numpy(void **state)
{
    static const char *const name[] = {
        "upstream_4x8", "upstream_unit_weight", "upstream_1x1", "upstream_no_scale_4x64", "upstream_no_scale_1x4",
        "eps", "eps_large", "eps_zero", "bf16", "f16",
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(name); i++)
        check_golden(name[i]);
}

/* Row 0 is zero, row 1 has an infinity, row 2 a NaN, row 3 is 3, 4, 0, 0: mean square 6.25, inverse 0.4. */
static void oracle_of_special_rows(void **state)
{
    const struct rms_norm_params p = { .rows = 4, .dim = 4, .eps = 0x1p-20f };
    const struct mxb_problem pr = problem("rms_norm_f32", &p, 1, MXB_FILL_NORMAL);
    double x[16] = { 0, 0, 0, 0,  1, -2, -INFINITY, 3,  1, NAN, 2, 3,  3, 4, 0, 0 }, w[4] = { 1, 10, 100, 1000 };
    double y[16], scale[16], extra[16] = { 0 };
    const struct mxb_ref t[] = { { .v = x }, { .v = w }, { .v = y, .p = scale, .x = extra } };
    (void)state;
    for (int i = 0; i < 16; i++)
        y[i] = scale[i] = -7;
    op->reference(&pr, t, 0, 1);
    op->reference(&pr, t, 1, 3);
    for (int i = 0; i < 4; i++)
        assert_true(y[i] == 0 && scale[i] == 0);
    assert_true(y[4] == 0 && y[5] == 0 && isnan(y[6]) && y[7] == 0);
    for (int i = 8; i < 12; i++)
        assert_true(isnan(y[i]));
    for (int i = 12; i < 16; i++)                /* items outside the range are left alone */
        assert_true(y[i] == -7 && scale[i] == -7);
    op->reference(&pr, t, 3, 4);
    assert_true(fabs(y[12] - 1.2) < 1e-6);
    assert_true(y[14] == 0 && y[15] == 0);
    assert_true(y[13] < 16 && y[13] > 16 * (1 - 1e-6));  /* eps is added, once */
}

/* ---- the error scale ---- */

struct run {                         /* one problem with its inputs and what the oracle says */
    struct mxb_problem pr;
    struct item_set set;
    struct oracle oracle;
    void *stored[3];
};

static void run_open(struct run *r, const char *entry, const struct rms_norm_params *p, enum mxb_fill fill)
{
    char err[MXB_ERRLEN] = "";
    *r = (struct run){ .pr = problem(entry, p, 3, fill) };
    for (uint32_t t = 0; t < 3; t++) {
        r->stored[t] = calloc(problem_bytes(&r->pr, t) + 1, 1);
        assert_non_null(r->stored[t]);
        if (problem_reads(&r->pr, t))
            problem_fill(&r->pr, t, r->stored, NULL, r->stored[t]);
    }
    if (item_set_make(&r->pr, 0, &r->set, err, sizeof err) != 0 ||
        oracle_run(&r->pr, r->stored, &r->set, 1, &r->oracle, err, sizeof err) != 0)
        fail_msg("%s", err);
}

static void run_close(struct run *r)
{
    oracle_free(&r->oracle);
    item_set_free(&r->set);
    for (uint32_t t = 0; t < 3; t++)
        free(r->stored[t]);
}

/* An f32 kernel: the sum runs in `chains` interleaved partial sums and leaves out the last `drop` elements, eps is
 * multiplied by a factor, the inverse is off by inv_ulp, and the store truncates. */
struct quality { uint32_t chains, drop; int inv_ulp; float eps_factor; bool truncate; };

/* v with what a storage type does not hold cut off (normal numbers). */
static float truncated(enum mxb_dtype dt, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    bits &= dt == MXB_BF16 ? 0xffff0000 : dt == MXB_F16 ? 0xffffe000 : 0xffffffff;
    memcpy(&v, &bits, sizeof bits);
    return v;
}

static void compute(struct run *r, const struct quality *q)
{
    const struct rms_norm_params *p = r->pr.params;
    const enum mxb_dtype dt = r->pr.dtype[T_X];
    for (uint64_t row = 0; row < p->rows; row++) {
        float part[64] = { 0 }, sum = 0;
        for (uint32_t i = 0; i + q->drop < p->dim; i++) {
            const float x = (float)mxb_load(dt, r->stored[T_X], row * p->dim + i);
            part[i % q->chains] += x * x;
        }
        for (uint32_t c = 0; c < q->chains; c++)
            sum += part[c];
        const float inv = (1 + (float)q->inv_ulp * 0x1p-23f) / sqrtf(sum / (float)p->dim + p->eps * q->eps_factor);
        for (uint32_t i = 0; i < p->dim; i++) {
            const float x = (float)mxb_load(dt, r->stored[T_X], row * p->dim + i);
            const float w = r->pr.nelem[T_W] ? (float)mxb_load(r->pr.dtype[T_W], r->stored[T_W], i) : 1;
            const float y = x * inv * w;
            mxb_store(dt, r->stored[T_Y], row * p->dim + i, (double)(q->truncate ? truncated(dt, y) : y));
        }
    }
}

static struct check_report judge(struct run *r, const struct quality *q)
{
    struct check_report report;
    compute(r, q);
    check_outputs(&r->pr, &r->oracle, &r->set, r->stored, MXB_F32, 1, &report);
    return report;
}

/* Serial and blocked sums, and an rsqrt and a division at the edge of what the devices may do (2 and 2.5 ulp, 3 in the
 * inverse), pass for every entry, fill and size. */
static void permitted_arithmetic_passes(void **state)
{
    static const struct quality good[] = {
        { 1, 0, 0, 1, false }, { 16, 0, 0, 1, false }, { 64, 0, 3, 1, false }, { 64, 0, -3, 1, false },
    };
    static const uint32_t dim[] = { 1, 2, 33, 256, 2816 };
    (void)state;
    for (uint32_t e = 0; e < op->nentry; e++)
        for (uint32_t d = 0; d < MXB_COUNT(dim); d++)
            for (int fill = 0; fill < MXB_NFILL; fill++) {
                const struct rms_norm_params p = { .rows = 3, .dim = dim[d], .eps = 1e-6f };
                struct run r;
                if (!(op->fills >> fill & 1))
                    continue;
                run_open(&r, op->entry[e].name, &p, (enum mxb_fill)fill);
                for (size_t i = 0; i < MXB_COUNT(good); i++) {
                    const struct check_report c = judge(&r, &good[i]);
                    if (c.status != ST_PASS)
                        fail_msg("%s dim %u fill %d quality %zu: %s", op->entry[e].name, dim[d], fill, i, c.text);
                }
                run_close(&r);
            }
}

/* What must not pass: a dropped tail, 64 ulp, an eps that is off by a tenth or missing, truncation. */
static void wrong_arithmetic_fails(void **state)
{
    static const struct { const char *entry; enum mxb_fill fill; struct quality q; float eps; } bad[] = {
        { "rms_norm_f32",  MXB_FILL_NORMAL, { 16, 1, 0, 1, false }, 1e-6f },
        { "rms_norm_bf16", MXB_FILL_NEEDLE, { 16, 1, 0, 1, false }, 1e-6f },
        { "rms_norm_f32",  MXB_FILL_NORMAL, { 16, 0, 64, 1, false }, 1e-6f },
        { "rms_norm_f32",  MXB_FILL_NORMAL, { 16, 0, 0, 1.1f, false }, 0.5f },
        { "rms_norm_f32",  MXB_FILL_LARGE,  { 16, 0, 0, 1.1f, false }, 1e-6f },
        { "rms_norm_f16",  MXB_FILL_LARGE,  { 16, 0, 0, 0, false }, 1e-6f },
        { "rms_norm_bf16", MXB_FILL_LARGE,  { 16, 0, 0, 1, true }, 1e-6f },
        { "rms_norm_f16",  MXB_FILL_LARGE,  { 16, 0, 0, 1, true }, 1e-6f },
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(bad); i++) {
        const struct rms_norm_params p = { .rows = 40, .dim = 256, .eps = bad[i].eps };
        struct run r;
        run_open(&r, bad[i].entry, &p, bad[i].fill);
        assert_int_equal(judge(&r, &(struct quality){ 16, 0, 0, 1, false }).status, ST_PASS);
        const struct check_report c = judge(&r, &bad[i].q);
        if (c.status != ST_FAIL)
            fail_msg("wrong arithmetic %zu passes: rms %g max %g", i, c.err_rms, c.err_max);
        run_close(&r);
    }
}

/* ---- inputs ---- */

static void large_rows_differ_in_scale(void **state)
{
    static const char *const entry[] = { "rms_norm_f32", "rms_norm_f16", "rms_norm_bf16" };
    (void)state;
    for (size_t e = 0; e < MXB_COUNT(entry); e++) {
        const struct rms_norm_params p = { .rows = 64, .dim = 32, .eps = 1e-6f };
        struct run r;
        uint32_t zero = 0, tiny = 0, huge = 0;
        run_open(&r, entry[e], &p, MXB_FILL_LARGE);
        for (uint32_t row = 0; row < p.rows; row++) {
            float sum = 0;
            for (uint32_t i = 0; i < p.dim; i++) {
                const float x = (float)mxb_load(r.pr.dtype[T_X], r.stored[T_X], row * p.dim + i);
                sum += x * x;
            }
            assert_true(isfinite(sum));
            zero += sum == 0;
            tiny += sum > 0 && sum / 32 < 1e-5f;
            huge += sum / 32 > 1e5f;
        }
        assert_true(zero > 0 && tiny > 0 && huge > 0);
        run_close(&r);
    }
}

/* Every row has one needle, and the rows' needles visit both ends and both sides of the powers of two. */
static void needles_visit_the_edges(void **state)
{
    const struct rms_norm_params p = { .rows = 24, .dim = 64, .eps = 1e-6f };
    uint64_t visited = 0;
    struct run r;
    (void)state;
    run_open(&r, "rms_norm_bf16", &p, MXB_FILL_NEEDLE);
    for (uint32_t row = 0; row < p.rows; row++) {
        uint32_t needles = 0;
        for (uint32_t i = 0; i < p.dim; i++)
            if (mxb_load(MXB_BF16, r.stored[T_X], row * p.dim + i) == 64) {
                visited |= UINT64_C(1) << i;
                needles++;
            }
        assert_int_equal(needles, 1);
    }
    for (uint32_t k = 1; k < 64; k *= 2)
        assert_true((visited >> k & 1) && (visited >> (k - 1) & 1));
    assert_true(visited >> 63);
    run_close(&r);
}

/* ---- argument checks and accounting ---- */

static void rejected(uint32_t rows, uint32_t dim, float eps, const char *text)
{
    const struct rms_norm_params p = { .rows = rows, .dim = dim, .eps = eps };
    struct mxb_problem pr;
    char err[MXB_ERRLEN] = "";
    assert_int_equal(problem_init(&pr, op, &op->entry[0], &p, 1, MXB_FILL_NORMAL, err, sizeof err), MXB_EINVAL);
    if (strncmp(err, "Invalid argument: ", 18) != 0 || !strstr(err, text))
        fail_msg("'%s' does not speak of '%s'", err, text);
}

static void bad_arguments_are_rejected(void **state)
{
    (void)state;
    rejected(0, 8, 1e-6f, "rows");
    rejected(4, 0, 1e-6f, "dim");
    rejected(4, 8, -1e-6f, "eps");
    rejected(4, 8, NAN, "eps");
    rejected(65536, 65536, 1e-6f, "rows * dim is 4294967296");
    const struct rms_norm_params largest = { .rows = 65535, .dim = 65537, .eps = 0 };
    (void)problem("rms_norm_bf16", &largest, 1, MXB_FILL_NORMAL);
}

static void work_is_counted(void **state)
{
    const struct rms_norm_params p = { .rows = 10, .dim = 256, .eps = 1e-6f };
    (void)state;
    const struct mxb_problem bf16 = problem("rms_norm_bf16", &p, 1, MXB_FILL_NORMAL);
    assert_true(op->flops(&bf16) == 4 * 2560);
    assert_true(problem_min_bytes(&bf16) == 2 * 2560 * 2 + 256 * 2);
    const struct mxb_problem f16 = problem("rms_norm_f16", &p, 1, MXB_FILL_NORMAL);
    assert_true(problem_min_bytes(&f16) == 2 * 2560 * 2 + 256 * 4);      /* its weight is f32 */
    const struct mxb_problem plain = problem("rms_norm_no_scale_f32", &p, 1, MXB_FILL_NORMAL);
    assert_true(op->flops(&plain) == 3 * 2560);
    assert_true(problem_min_bytes(&plain) == 2 * 2560 * 4);
}

static void tables_are_consistent(void **state)
{
    char err[MXB_ERRLEN] = "";
    (void)state;
    if (ops_check(op, err, sizeof err) != 0)
        fail_msg("%s", err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oracle_equals_numpy),
        cmocka_unit_test(oracle_of_special_rows),
        cmocka_unit_test(permitted_arithmetic_passes),
        cmocka_unit_test(wrong_arithmetic_fails),
        cmocka_unit_test(large_rows_differ_in_scale),
        cmocka_unit_test(needles_visit_the_edges),
        cmocka_unit_test(bad_arguments_are_rejected),
        cmocka_unit_test(work_is_counted),
        cmocka_unit_test(tables_are_consistent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
