/* Tests the CPU kernels of rms_norm, each instruction set, against sums in double, at every row length around a vector. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backends/cpu/cpu.h"
#include "kernels/norm/rms_norm/rms_norm.h"

static const struct isa { const char *name; mxb_cpu_fn fn; uint64_t needs; } isas[] = {
    { "base", rms_norm_cpu, 0 },
    { "avx2", rms_norm_cpu_avx2, MXB_FEAT_AVX2 },
    { "avx512", rms_norm_cpu_avx512, MXB_FEAT_AVX512 },
};

static bool available(const struct isa *isa)
{
    static struct mxb_caps caps;                     /* asked once */
    char err[MXB_ERRLEN];
    if (!caps.features) assert_int_equal(mxb_backend_cpu.info(0, &caps, err, sizeof err), 0);
    return (caps.features & isa->needs) == isa->needs;
}

/* x, w, y of exact size, so that a sanitizer sees every access outside a tensor. */
struct norm { struct rms_norm_params p; enum mxb_dtype dt, wdt; bool has_w; void *t[3]; };

static struct norm new_norm(enum mxb_dtype dt, bool has_w, uint32_t rows, uint32_t dim)
{
    struct norm n = { .p = { rows, dim, 1e-6f }, .dt = dt, .wdt = dt == MXB_BF16 ? MXB_BF16 : MXB_F32, .has_w = has_w };
    const uint64_t count[] = { (uint64_t)rows * dim, has_w ? dim : 0, (uint64_t)rows * dim };
    for (int t = T_X; t <= T_Y; t++) {
        n.t[t] = malloc(count[t] * mxb_dtype_size(t == T_W ? n.wdt : dt) + !count[t]);
        assert_non_null(n.t[t]);
        for (uint64_t i = 0; i < count[t]; i++)
            mxb_store(t == T_W ? n.wdt : dt, n.t[t], i, t == T_Y ? NAN : mxb_rand_normal(1, (uint32_t)t, i));
    }
    return n;
}

static void free_norm(struct norm *n)
{
    for (int t = T_X; t <= T_Y; t++) free(n->t[t]);
}

static void compute(const struct norm *n, const struct isa *isa, void *y)
{
    void *buf[] = { n->t[T_X], n->t[T_W], y };
    const int32_t spec[MXB_MAX_SPEC] = { [S_DTYPE] = (int32_t)n->dt, [S_DTYPE2] = (int32_t)n->wdt, [S_HAS_W] = n->has_w };
    const uint32_t groups[3] = { n->p.rows, 1, 1 };
    const struct mxb_args args = { .buf = buf, .params = &n->p, .spec = spec, .groups = groups };
    isa->fn(&args, 0, n->p.rows / 2);
    isa->fn(&args, n->p.rows / 2, n->p.rows);
}

/* One rounding to T, and a few f32 roundings before it. */
static void expect(const struct norm *n, const char *isa, const void *y)
{
    for (uint64_t r = 0; r < n->p.rows; r++) {
        const uint64_t at = r * n->p.dim;
        double sum = 0;
        for (uint64_t i = 0; i < n->p.dim; i++) sum += pow(mxb_load(n->dt, n->t[T_X], at + i), 2);
        const double inv = 1 / sqrt(sum / n->p.dim + (double)n->p.eps);
        for (uint64_t i = 0; i < n->p.dim; i++) {
            const double w = n->has_w ? mxb_load(n->wdt, n->t[T_W], i) : 1;
            const double want = mxb_load(n->dt, n->t[T_X], at + i) * inv * w, got = mxb_load(n->dt, y, at + i);
            const double subnormal = n->dt == MXB_F16 ? 0x1p-25 : 0;
            if (!(fabs(got - want) <= (mxb_unit(n->dt) + 12 * 0x1p-24) * fabs(want) + subnormal))
                fail_msg("%s %s has_w=%d dim=%u: y[%llu,%llu] is %.9g, not %.9g", isa, mxb_dtype_name(n->dt), n->has_w,
                         n->p.dim, (unsigned long long)r, (unsigned long long)i, got, want);
        }
    }
}

static void check(enum mxb_dtype dt, bool has_w, uint32_t rows, uint32_t dim)
{
    for (size_t k = 0; k < MXB_COUNT(isas); k++) {
        if (!available(&isas[k])) continue;
        struct norm n = new_norm(dt, has_w, rows, dim);
        compute(&n, &isas[k], n.t[T_Y]);
        expect(&n, isas[k].name, n.t[T_Y]);
        const size_t bytes = (size_t)rows * dim * mxb_dtype_size(dt);
        compute(&n, &isas[k], n.t[T_X]);             /* in place */
        assert_memory_equal(n.t[T_X], n.t[T_Y], bytes);
        free_norm(&n);
    }
}

static void test_row_lengths(void **state)
{
    (void)state;
    for (int dt = MXB_F32; dt <= MXB_BF16; dt++) {
        for (uint32_t dim = 1; dim < 140; dim++) {
            check((enum mxb_dtype)dt, true, 3, dim);
            check((enum mxb_dtype)dt, false, 3, dim);
        }
        check((enum mxb_dtype)dt, true, 2, 2816);
    }
}

/* The needed order: (x * inv) * w, so a weight that undoes a tiny inv does not meet a product x * w beyond f32. */
static void test_order_of_products(void **state)
{
    (void)state;
    for (size_t k = 0; k < MXB_COUNT(isas); k++) {
        if (!available(&isas[k])) continue;
        struct norm n = new_norm(MXB_F32, true, 1, 37);
        for (uint64_t i = 0; i < 37; i++) {
            mxb_store(MXB_F32, n.t[T_X], i, 0x1p60);
            mxb_store(MXB_F32, n.t[T_W], i, 0x1p100);
        }
        compute(&n, &isas[k], n.t[T_Y]);
        for (uint64_t i = 0; i < 37; i++) assert_true(fabs(mxb_load(MXB_F32, n.t[T_Y], i) / 0x1p100 - 1) < 1e-6);
        free_norm(&n);
    }
}

/* A zero row gives zeros; an infinity makes its own element NaN and the others 0; NaN fills its row; other rows stay. */
static void test_special_rows(void **state)
{
    (void)state;
    enum { DIM = 53 };
    for (size_t k = 0; k < MXB_COUNT(isas); k++) {
        if (!available(&isas[k])) continue;
        struct norm n = new_norm(MXB_BF16, true, 4, DIM);
        for (uint64_t i = 0; i < DIM; i++) mxb_store(MXB_BF16, n.t[T_X], i, 0);
        mxb_store(MXB_BF16, n.t[T_X], DIM + 50, INFINITY);
        mxb_store(MXB_BF16, n.t[T_X], 2 * DIM + 7, NAN);
        compute(&n, &isas[k], n.t[T_Y]);
        for (uint64_t i = 0; i < DIM; i++) {
            assert_true(mxb_load(MXB_BF16, n.t[T_Y], i) == 0);
            assert_true(i == 50 ? isnan(mxb_load(MXB_BF16, n.t[T_Y], DIM + i)) : mxb_load(MXB_BF16, n.t[T_Y], DIM + i) == 0);
            assert_true(isnan(mxb_load(MXB_BF16, n.t[T_Y], 2 * DIM + i)));
            assert_true(isfinite(mxb_load(MXB_BF16, n.t[T_Y], 3 * DIM + i)));
        }
        free_norm(&n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_lengths),
        cmocka_unit_test(test_order_of_products),
        cmocka_unit_test(test_special_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
