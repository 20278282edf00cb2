/* Problems: scopes, sizes, argument checks, samples of items, and the contents that the fills make. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/problem.h"
#include "tests/unit/toy_op.h"
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static const struct toy_params defaults = { 8, 16, 0, 0.1f, -1, 1 };
static char err[MXB_ERRLEN];

static struct mxb_problem make(const struct mxb_op *op, int entry, const struct toy_params *p, uint64_t seed,
                               enum mxb_fill fill)
{
    struct mxb_problem pr;
    if (problem_init(&pr, op, &op->entry[entry], p, seed, fill, err, sizeof err) != 0)
        fail_msg("%s", err);
    return pr;
}

static int64_t eval(const struct scope *sc, const char *text)
{
    int64_t v = -999;
    if (scope_eval(sc, text, &v, err, sizeof err) != 0)
        fail_msg("%s", err);
    return v;
}

static void test_scope(void **state)
{
    (void)state;
    const struct mxb_problem pr = make(&toy_op, 0, &defaults, 1, MXB_FILL_NORMAL);
    struct scope sc, copy;
    int64_t v;
    scope_problem(&sc, &pr);
    assert_int_equal(eval(&sc, "rows"), 8);
    assert_int_equal(eval(&sc, "rows*depth + shift"), 127);
    assert_int_equal(eval(&sc, "NEG"), -3);
    assert_int_equal(eval(&sc, "WIDE"), 0);
    assert_int_equal(eval(&sc, "1234567"), 1234567);
    assert_int_equal(eval(&sc, "mode == 1 && scale > 0.05"), 1);
    assert_int_equal(eval(&sc, "2.5 * 4"), 10);
    assert_int_equal(scope_eval(&sc, "scale", &v, err, sizeof err), MXB_EINVAL);
    assert_non_null(strstr(err, "not an integer"));
    assert_true(scope_eval(&sc, "rowz", &v, err, sizeof err) < 0);
    assert_non_null(strstr(err, "rows"));
    assert_true(scope_eval(&sc, "rows / bias", &v, err, sizeof err) < 0);
    copy = sc;
    scope_add(&copy, "BQ", val_int(32));
    scope_add(&copy, "rows", val_int(9));
    assert_int_equal(eval(&copy, "rows*BQ"), 288);
    assert_int_equal(eval(&sc, "rows"), 8);
    assert_true(scope_eval(&sc, "BQ", &v, err, sizeof err) < 0);
}

static void test_entry_consts(void **state)
{
    (void)state;
    const struct mxb_entry none = { .name = "x" }, two = { .name = "x", .consts = "BD=256 BOOLMASK=-1" };
    assert_int_equal(entry_const(&none, "BD", 7), 7);
    assert_int_equal(entry_const(&two, "BD", 7), 256);
    assert_int_equal(entry_const(&two, "BOOLMASK", 7), -1);
    assert_int_equal(entry_const(&two, "MASK", 7), 7);
    static const char *const bad[] = {
        "BD", "BD=", "BD=x", "=3", "BD=3,BC=4", "BD=99999999999999999999", "B D=3", "BD = 3",
    };
    for (size_t i = 0; i < MXB_COUNT(bad); i++) {
        const char *s = bad[i];
        char name[SCOPE_NAME];
        int64_t v;
        int rc;
        while ((rc = entry_const_next(&s, name, &v)) == 1)
            ;
        assert_int_equal(rc, MXB_EINVAL);
    }
}

static void test_sizes(void **state)
{
    (void)state;
    struct toy_params p = defaults;
    p.bias = 1;
    struct mxb_problem pr = make(&toy_op, 3, &p, 1, MXB_FILL_NORMAL);
    static const uint64_t want[TOY_NTENSOR] = { 128, 16, 8, 8, 16, 8, 0, 0 };
    for (uint32_t t = 0; t < TOY_NTENSOR; t++)
        assert_int_equal(pr.nelem[t], want[t]);
    assert_int_equal(pr.dtype[TOY_A], MXB_BF16);
    assert_int_equal(pr.dtype[TOY_Y], MXB_F32);
    assert_int_equal(pr.dtype[TOY_COUNT], MXB_I32);
    assert_int_equal(problem_bytes(&pr, TOY_A), 256);
    /* a, b, bias read; y, count written; state both */
    assert_true(problem_min_bytes(&pr) == 256 + 32 + 32 + 32 + 64 + 2 * 32);
    assert_true(problem_reads(&pr, TOY_STATE) && problem_writes(&pr, TOY_STATE));
    assert_true(problem_reads(&pr, TOY_A) && !problem_writes(&pr, TOY_A) && !problem_reads(&pr, TOY_Y));
    assert_true(!problem_reads(&pr, TOY_SCRATCH) && !problem_writes(&pr, TOY_SCRATCH));

    p.bias = 0;
    pr = make(&toy_op, 3, &p, 1, MXB_FILL_NORMAL);
    assert_int_equal(pr.nelem[TOY_BIAS], 0);
    assert_false(problem_reads(&pr, TOY_BIAS));

    uint64_t n, dim[PROBLEM_MAX_DIM];
    uint32_t ndim;
    struct scope tiles = { .n = 0 };
    scope_add(&tiles, "SPLIT", val_int(4));
    assert_int_equal(problem_nelem(&pr, TOY_PACKED, NULL, &n, err, sizeof err), 0);
    assert_int_equal(n, 0);
    assert_int_equal(problem_nelem(&pr, TOY_PACKED, &tiles, &n, err, sizeof err), 0);
    assert_int_equal(n, 32);
    assert_int_equal(problem_nelem(&pr, TOY_SCRATCH, &tiles, &n, err, sizeof err), 0);
    assert_int_equal(n, 64);
    assert_int_equal(problem_shape(&pr, TOY_Y, NULL, dim, &ndim, err, sizeof err), 0);
    assert_true(ndim == 2 && dim[0] == 2 && dim[1] == 4);
    assert_int_equal(problem_shape(&pr, TOY_PACKED, NULL, dim, &ndim, err, sizeof err), MXB_EINVAL);
    assert_non_null(strstr(err, "packed"));
}

static void rejected(const struct mxb_op *op, const struct toy_params *p, const char *say)
{
    struct mxb_problem pr;
    assert_int_equal(problem_init(&pr, op, &op->entry[0], p, 1, MXB_FILL_NORMAL, err, sizeof err), MXB_EINVAL);
    assert_non_null(strstr(err, "Invalid argument: "));
    if (!strstr(err, say))
        fail_msg("'%s' does not say '%s'", err, say);
}

static void test_arguments(void **state)
{
    (void)state;
    struct toy_params p = defaults;
    p.rows = 0;
    rejected(&toy_op, &p, "rows = 0 is outside 1..1e+09");
    p = defaults;
    p.scale = NAN;
    rejected(&toy_op, &p, "scale");
    p = defaults;
    p.shift = -9;
    rejected(&toy_op, &p, "shift = -9");
    p = defaults;
    p.mode = 3;
    rejected(&toy_op, &p, "mode");
    p = defaults;
    p.rows = 7;
    rejected(&toy_op, &p, "rows = 7 is odd");

    struct mxb_tensor tensor[TOY_NTENSOR];
    struct mxb_op op = toy_op;
    memcpy(tensor, toy_tensor, sizeof tensor);
    op.tensor = tensor;
    p = defaults;
    tensor[TOY_B].shape = "rows-9";
    rejected(&op, &p, "tensor b, dimension 0 is -1");
    p.rows = p.depth = 1000000000;   /* 10^18 elements of 4 bytes fit, 10^27 do not */
    tensor[TOY_B].shape = "rows,depth";
    (void)make(&op, 0, &p, 1, MXB_FILL_NORMAL);
    tensor[TOY_B].shape = "rows,depth,9";
    rejected(&op, &p, "tensor b has more than 2^63 bytes");
    tensor[TOY_B].shape = "rows*depth*rows";
    struct mxb_problem pr;
    assert_true(problem_init(&pr, &op, &op.entry[0], &p, 1, MXB_FILL_NORMAL, err, sizeof err) < 0);
}

static void test_items(void **state)
{
    (void)state;
    struct toy_params p = defaults;
    p.rows = 1000;
    const struct mxb_problem pr = make(&toy_op, 0, &p, 1, MXB_FILL_NORMAL);
    const struct mxb_problem other = make(&toy_op, 0, &p, 2, MXB_FILL_NORMAL);
    struct item_set a, b;
    assert_int_equal(item_set_make(&pr, 0, &a, err, sizeof err), 0);
    assert_true(a.items == 1000 && !a.pick && a.npick == 0);
    assert_int_equal(item_set_make(&pr, 1000, &a, err, sizeof err), 0);
    assert_null(a.pick);
    for (uint64_t n = 1; n < 1000; n += 37) {
        assert_int_equal(item_set_make(&pr, n, &a, err, sizeof err), 0);
        assert_int_equal(a.npick, n == 1 ? 2 : n);
        assert_int_equal(a.pick[0], 0);
        assert_int_equal(a.pick[a.npick - 1], 999);
        for (uint64_t i = 1; i < a.npick; i++)
            assert_true(a.pick[i] > a.pick[i - 1]);
        item_set_free(&a);
    }
    assert_int_equal(item_set_make(&pr, 20, &a, err, sizeof err), 0);
    assert_int_equal(item_set_make(&other, 20, &b, err, sizeof err), 0);
    assert_memory_not_equal(a.pick, b.pick, 20 * sizeof *a.pick);
    item_set_free(&a);
    item_set_free(&b);

    struct mxb_op op = toy_op;
    struct mxb_problem odd = pr;
    odd.op = &op;
    op.items = "rows*3";
    assert_int_equal(item_set_make(&odd, 0, &a, err, sizeof err), MXB_EINVAL);
    assert_non_null(strstr(err, "does not divide the 1000 elements of y"));
    op.items = "rows-1000";
    assert_int_equal(item_set_make(&odd, 0, &a, err, sizeof err), MXB_EINVAL);
}

/* ---- fills ---- */

/* Fills tensor t and returns it decoded; *raw, if asked for, the stored form. */
static double *filled(const struct mxb_problem *pr, uint32_t t, void **raw)
{
    void *stored[MXB_MAX_BIND] = { 0 }, *out = malloc(problem_bytes(pr, t));
    double *v = malloc(pr->nelem[t] * sizeof *v);
    assert_true(out && v);
    problem_fill(pr, t, stored, NULL, out);
    for (uint64_t i = 0; i < pr->nelem[t]; i++)
        v[i] = mxb_load(pr->dtype[t], out, i);
    if (raw)
        *raw = out;
    else
        free(out);
    return v;
}

/* No fill may make a zero or constant tensor, in any format, at any seed and (tiny) size. */
static void test_never_constant(void **state)
{
    (void)state;
    for (int entry = 0; entry < 3; entry++)
        for (int fill = 0; fill < MXB_NFILL; fill++)
            for (uint32_t size = 2; size <= 64; size *= 2)
                for (uint64_t seed = 0; seed < 8; seed++) {
                    const struct toy_params p = { size, size, 1, 0.1f, 0, 0 };
                    const struct mxb_problem pr = make(&toy_op, entry, &p, seed, (enum mxb_fill)fill);
                    for (uint32_t t = TOY_A; t <= TOY_BIAS; t++) {
                        double *v = filled(&pr, t, NULL);
                        bool differs = false;
                        for (uint64_t i = 0; i < pr.nelem[t]; i++) {
                            differs |= v[i] != v[0];
                            if (fill != MXB_FILL_PROBE)
                                assert_true(isfinite(v[i]) && fabs(v[i]) < 4096);
                        }
                        assert_true(differs);
                        free(v);
                    }
                }
}

static void test_normal(void **state)
{
    (void)state;
    const struct toy_params p = { 200, 400, 1, 0.1f, 0, 0 };
    const struct mxb_problem f32 = make(&toy_op, 0, &p, 3, MXB_FILL_NORMAL);
    const struct mxb_problem bf16 = make(&toy_op, 2, &p, 3, MXB_FILL_NORMAL);
    double *a = filled(&f32, TOY_A, NULL), *h = filled(&bf16, TOY_A, NULL), *bias = filled(&f32, TOY_BIAS, NULL);
    double *positive = filled(&f32, TOY_STATE, NULL), *b = filled(&f32, TOY_B, NULL), sum = 0, sum2 = 0;
    bool negative = false;
    for (int i = 0; i < 80000; i++) {
        sum += a[i];
        sum2 += a[i] * a[i];
        assert_true(h[i] == mxb_round(MXB_BF16, mxb_rand_normal(3, TOY_A, (uint64_t)i)));
        assert_true(a[i] == mxb_round(MXB_F32, mxb_rand_normal(3, TOY_A, (uint64_t)i)));
    }
    assert_true(fabs(sum / 80000) < 0.02 && fabs(sum2 / 80000 - 1) < 0.03);
    for (int i = 0; i < 200; i++) {
        assert_true(bias[i] >= -1 && bias[i] <= 1 && positive[i] > 0 && positive[i] <= 1);
        negative |= bias[i] < -0.5;
    }
    assert_true(negative);
    assert_true(a[0] != b[0] || a[1] != b[1]);       /* tensors differ */
    free(a);
    free(h);
    free(bias);
    free(positive);
    free(b);
}

static void test_exact(void **state)
{
    (void)state;
    const struct toy_params p = { 200, 40, 1, 0.1f, 0, 0 };
    const struct mxb_problem pr = make(&toy_op, 1, &p, 3, MXB_FILL_EXACT);
    int count[9] = { 0 };
    double *a = filled(&pr, TOY_A, NULL), *positive = filled(&pr, TOY_STATE, NULL);
    for (int i = 0; i < 8000; i++) {
        assert_true(a[i] == nearbyint(a[i]) && fabs(a[i]) <= 4);
        count[(int)a[i] + 4]++;
    }
    for (int i = 0; i < 9; i++)
        assert_true(count[i] > 8000 / 18);
    for (int i = 0; i < 200; i++)
        assert_true(positive[i] == nearbyint(positive[i]) && positive[i] >= 1 && positive[i] <= 4);
    free(a);
    free(positive);
}

/* One needle a row, and over the rows at all edges of tiles of any power of two. */
static void test_needle(void **state)
{
    (void)state;
    enum { ROWS = 200, LONG = 100 };
    const struct toy_params p = { ROWS, LONG, 1, 0.1f, 0, 0 };
    const struct mxb_problem pr = make(&toy_op, 2, &p, 3, MXB_FILL_NEEDLE);
    bool seen[LONG] = { false };
    double *a = filled(&pr, TOY_A, NULL);
    for (int r = 0; r < ROWS; r++) {
        int at = -1;
        for (int k = 0; k < LONG; k++) {
            const double v = fabs(a[r * LONG + k]);
            assert_true(v > 0);
            if (v > 0.01) {
                assert_int_equal(at, -1);
                at = k;
            }
        }
        assert_true(at >= 0 && a[r * LONG + at] == 16);
        seen[at] = true;
    }
    static const int edge[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, LONG - 1 };
    for (size_t i = 0; i < MXB_COUNT(edge); i++)
        assert_true(seen[edge[i]]);
    int places = 0;
    for (int k = 0; k < LONG; k++)
        places += seen[k];
    assert_true(places > (int)MXB_COUNT(edge) + 3);  /* and somewhere else now and then */
    free(a);
}

static void test_probe(void **state)
{
    (void)state;
    for (uint32_t rows = 1; rows <= 64; rows = rows == 1 ? 2 : rows * 2)
        for (uint64_t seed = 0; seed < 5; seed++) {
            const struct toy_params p = { rows, 64, 0, 0.1f, 0, 0 };
            const struct mxb_problem pr = make(&toy_op, 1, &p, seed, MXB_FILL_PROBE);
            double *a = filled(&pr, TOY_A, NULL);
            uint32_t dirty = 0, kinds = 0;
            for (uint32_t r = 0; r < rows; r++) {
                int here = 0;
                for (int k = 0; k < 64; k++) {
                    const double v = a[r * 64 + (uint32_t)k];
                    here += !isfinite(v);
                    kinds |= isnan(v) ? 1 : isinf(v) ? v > 0 ? 2 : 4 : 0;
                }
                assert_true(here <= (rows == 1 ? 3 : 1));
                dirty += here > 0;
            }
            assert_true(dirty >= 1 && (rows == 1 || dirty < rows));
            if (rows == 64)
                assert_int_equal(kinds, 7);
            free(a);
        }
}

static void test_large(void **state)
{
    (void)state;
    for (int entry = 0; entry < 3; entry++) {
        const struct toy_params p = { 30, 64, 0, 0.1f, 0, 0 };
        const struct mxb_problem pr = make(&toy_op, entry, &p, 1, MXB_FILL_LARGE);
        double *a = filled(&pr, TOY_A, NULL), small = INFINITY, big = 0;
        uint32_t offset = 0;
        for (int r = 0; r < 30; r++) {
            double sum = 0;
            bool differs = false;
            for (int k = 0; k < 64; k++) {
                sum += a[r * 64 + k];
                differs |= a[r * 64 + k] != a[r * 64];
                small = fmin(small, fabs(a[r * 64 + k]));
                big = fmax(big, fabs(a[r * 64 + k]));
            }
            offset += fabs(fabs(sum / 64) - 1000) < 40;
            assert_true(differs);
        }
        assert_int_equal(offset, 20);
        assert_true(small < 0.01 && big > 990 && big < 2048);
        free(a);
    }
}

/* The content must not depend on the number of threads. */
static void test_threads(void **state)
{
    (void)state;
    const struct toy_params p = { 600, 700, 0, 0.1f, 0, 0 };
    cpu_set_t all, one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    for (size_t c = 0; c < CPU_SETSIZE && CPU_COUNT(&one) == 0; c++)
        if (CPU_ISSET(c, &all))
            CPU_SET(c, &one);
    for (int fill = 0; fill < MXB_NFILL; fill++) {
        const struct mxb_problem pr = make(&toy_op, 1, &p, 5, (enum mxb_fill)fill);
        void *many, *single;
        free(filled(&pr, TOY_A, &many));
        assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
        free(filled(&pr, TOY_A, &single));
        assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
        assert_memory_equal(many, single, problem_bytes(&pr, TOY_A));
        free(many);
        free(single);
    }
}

/* Integer inputs: whole range of bits, small under the exact fill; the op's own generator goes first and sees tiles. */
static void test_integers_and_generators(void **state)
{
    (void)state;
    static const struct { enum mxb_dtype dt; double least, most; } range[] = {
        { MXB_I32, -2147483648.0, 2147483647 }, { MXB_U32, 0, 4294967295.0 }, { MXB_I8, -128, 127 }, { MXB_U8, 0, 255 },
        { MXB_BOOL, 0, 1 },
    };
    struct mxb_tensor tensor[TOY_NTENSOR];
    struct mxb_op op = toy_op;
    memcpy(tensor, toy_tensor, sizeof tensor);
    op.tensor = tensor;
    const struct toy_params p = { 100, 100, 0, 0.1f, 0, 0 };
    for (size_t i = 0; i < MXB_COUNT(range); i++) {
        tensor[TOY_A].dtype = (int)range[i].dt;
        for (int fill = 0; fill < MXB_NFILL; fill++) {
            const struct mxb_problem pr = make(&op, 0, &p, 4, (enum mxb_fill)fill);
            double *v = filled(&pr, TOY_A, NULL), least = INFINITY, most = -INFINITY;
            for (int k = 0; k < 10000; k++) {
                least = fmin(least, v[k]);
                most = fmax(most, v[k]);
            }
            if (fill == MXB_FILL_EXACT) {
                assert_true(least == fmax(range[i].least, -4) && most == fmin(range[i].most, 4));
            } else {
                const double width = range[i].most - range[i].least;
                assert_true(least <= range[i].least + width / 64 && most >= range[i].most - width / 64);
            }
            free(v);
        }
    }
    const struct mxb_problem pr = make(&toy_op, 0, &p, 4, MXB_FILL_NORMAL);
    struct scope tiles = { .n = 0 };
    unsigned char packed[301];
    void *stored[MXB_MAX_BIND] = { 0 };
    scope_add(&tiles, "SPLIT", val_int(3));
    memset(packed, 99, sizeof packed);
    problem_fill(&pr, TOY_PACKED, stored, &tiles, packed);
    assert_int_equal(packed[0], 3);
    assert_int_equal(packed[299], 3);
    assert_int_equal(packed[300], 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scope), cmocka_unit_test(test_entry_consts), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_arguments), cmocka_unit_test(test_items), cmocka_unit_test(test_never_constant),
        cmocka_unit_test(test_normal), cmocka_unit_test(test_exact), cmocka_unit_test(test_needle),
        cmocka_unit_test(test_probe), cmocka_unit_test(test_large), cmocka_unit_test(test_threads),
        cmocka_unit_test(test_integers_and_generators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
