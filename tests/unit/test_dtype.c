/* Formats: exact loads, one rounding on stores, checked on every 16-bit pattern; names of device features. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/dtype.h"
#include "harness/mxb_backend.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct format { enum mxb_dtype dt; int mbits, emin, emax; uint16_t nan; };
static const struct format f16 = { MXB_F16, 10, -14, 15, 0x7E00 }, bf16 = { MXB_BF16, 7, -126, 127, 0x7FC0 };

/* Value of a 16-bit pattern by the definition of the format; infinity reads as the first power of two past the end. */
static double meaning(const struct format *f, unsigned pattern)
{
    const unsigned mag = pattern & 0x7FFF, m = mag & ((1u << f->mbits) - 1);
    const int e = (int)(mag >> f->mbits);
    const double v = e == 0 ? ldexp(m, f->emin - f->mbits) : ldexp(1 + ldexp(m, -f->mbits), e - 1 + f->emin);
    return pattern & 0x8000 ? -v : v;
}

static unsigned stored(const struct format *f, double v)
{
    uint16_t out = 0xDEAD;
    mxb_store(f->dt, &out, 0, v);
    return out;
}

static void all_patterns_round_trip(const struct format *f)
{
    const unsigned inf = (unsigned)(f->emax - f->emin + 2) << f->mbits;
    for (unsigned p = 0; p <= 0xFFFF; p++) {
        const uint16_t h = (uint16_t)p;
        const double v = mxb_load(f->dt, &h, 0);
        if ((p & 0x7FFF) > inf) {
            assert_true(isnan(v));
            assert_int_equal(stored(f, v), f->nan);
        } else {
            assert_true((p & 0x7FFF) == inf ? isinf(v) && !signbit(v) == !(p & 0x8000) : v == meaning(f, p));
            assert_int_equal(signbit(v) != 0, p >> 15);
            assert_int_equal(stored(f, v), p);
        }
    }
}

/* Between each value and the next, infinity included: the middle goes to the even one, its neighbours do not. */
static void all_midpoints(const struct format *f)
{
    const unsigned inf = (unsigned)(f->emax - f->emin + 2) << f->mbits;
    for (unsigned p = 0; p < inf; p++) {
        const double low = meaning(f, p), high = meaning(f, p + 1), mid = (low + high) / 2;
        for (unsigned sign = 0; sign <= 0x8000; sign += 0x8000) {
            const double s = sign ? -1 : 1;
            assert_int_equal(stored(f, s * mid), sign | (p % 2 ? p + 1 : p));
            assert_int_equal(stored(f, s * nextafter(mid, 0)), sign | p);
            assert_int_equal(stored(f, s * nextafter(mid, INFINITY)), sign | (p + 1));
        }
    }
}

static void extremes(const struct format *f)
{
    const unsigned inf = (unsigned)(f->emax - f->emin + 2) << f->mbits;
    assert_int_equal(stored(f, INFINITY), inf);
    assert_int_equal(stored(f, -INFINITY), 0x8000 | inf);
    assert_int_equal(stored(f, 1e300), inf);
    assert_int_equal(stored(f, -1e300), 0x8000 | inf);
    assert_int_equal(stored(f, NAN), f->nan);
    assert_int_equal(stored(f, -NAN), f->nan);
    assert_int_equal(stored(f, 5e-324), 0);
    assert_int_equal(stored(f, -5e-324), 0x8000);
    assert_true(dtype_tiny(f->dt) == meaning(f, 1));
    assert_true(mxb_unit(f->dt) == ldexp(1, -f->mbits - 1));
    /* just above a midpoint, by less than a float can say: rounding through f32 would lose it */
    assert_int_equal(stored(f, 1 + ldexp(1, -f->mbits - 1) + 0x1p-40), stored(f, 1) + 1);
}

static void test_f16(void **state)
{
    (void)state;
    all_patterns_round_trip(&f16);
    all_midpoints(&f16);
    extremes(&f16);
    assert_int_equal(stored(&f16, 65519.999), 0x7BFF);
    assert_int_equal(stored(&f16, 65520), 0x7C00);
}

static void test_bf16(void **state)
{
    (void)state;
    all_patterns_round_trip(&bf16);
    all_midpoints(&bf16);
    extremes(&bf16);
}

static void test_f32(void **state)
{
    (void)state;
    static const struct { double v; uint32_t bits; } known[] = {
        { 1, 0x3F800000 }, { -2.5, 0xC0200000 }, { 0x1p-149, 1 }, { 0x1p-150, 0 }, { 0x1.8p-149, 2 },
        { 1 + 0x1p-24, 0x3F800000 }, { 1 + 0x1p-24 + 0x1p-50, 0x3F800001 }, { 1 + 0x3p-24, 0x3F800002 },
        { 0x1.fffffep127, 0x7F7FFFFF }, { 0x1.ffffffp127, 0x7F800000 }, { -0.0, 0x80000000 }, { -INFINITY, 0xFF800000 },
    };
    for (size_t i = 0; i < MXB_COUNT(known); i++) {
        uint32_t bits;
        mxb_store(MXB_F32, &bits, 0, known[i].v);
        assert_int_equal(bits, known[i].bits);
    }
    const float f[2] = { 0.1f, NAN };
    assert_true(mxb_load(MXB_F32, f, 0) == (double)0.1f);
    assert_true(isnan(mxb_load(MXB_F32, f, 1)));
    assert_true(mxb_round(MXB_F32, 0.1) == (double)0.1f);
}

static void test_integers(void **state)
{
    (void)state;
    static const struct { enum mxb_dtype dt; double v, want; } known[] = {
        { MXB_I32, 0.5, 0 }, { MXB_I32, 1.5, 2 }, { MXB_I32, -2.5, -2 }, { MXB_I32, 3e9, 2147483647 },
        { MXB_I32, -3e9, -2147483648.0 }, { MXB_U32, 4294967295.0, 4294967295.0 }, { MXB_U32, 1e300, 4294967295.0 },
        { MXB_U32, -1, 0 }, { MXB_I8, 127.4, 127 }, { MXB_I8, -129, -128 }, { MXB_U8, 255.5, 255 },
        { MXB_U8, -INFINITY, 0 }, { MXB_I32, NAN, 0 }, { MXB_U8, NAN, 0 }, { MXB_BOOL, 0.001, 1 }, { MXB_BOOL, 0, 0 },
        { MXB_BOOL, -0.0, 0 }, { MXB_BOOL, NAN, 1 }, { MXB_I32, -7, -7 }, { MXB_I8, -1, -1 },
    };
    for (size_t i = 0; i < MXB_COUNT(known); i++)
        assert_true(mxb_round(known[i].dt, known[i].v) == known[i].want);
}

/* Arrays agree with single elements, from any byte of memory. */
static void test_bulk(void **state)
{
    (void)state;
    enum { N = 1000 };
    double v[N], out[N];
    char cell[8 * N + 1], *odd = cell + 1;
    for (int i = 0; i < N; i++)
        v[i] = ldexp(sin(i), i % 60 - 30);
    for (int dt = 0; dt < MXB_NDTYPE; dt++) {
        dtype_encode((enum mxb_dtype)dt, odd, 3, N - 3, v + 3);
        dtype_decode((enum mxb_dtype)dt, odd, 3, N - 3, out);
        for (int i = 3; i < N; i++) {
            assert_true(out[i - 3] == mxb_round((enum mxb_dtype)dt, v[i]));
            assert_true(out[i - 3] == mxb_load((enum mxb_dtype)dt, odd, (uint64_t)i));
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    static const char *const name[MXB_NDTYPE] = { "f32", "f16", "bf16", "i32", "u32", "i8", "u8", "bool" };
    static const size_t size[MXB_NDTYPE] = { 4, 2, 2, 4, 4, 1, 1, 1 };
    for (int dt = 0; dt < MXB_NDTYPE; dt++) {
        assert_string_equal(mxb_dtype_name((enum mxb_dtype)dt), name[dt]);
        assert_int_equal(mxb_dtype_size((enum mxb_dtype)dt), size[dt]);
        assert_true((mxb_unit((enum mxb_dtype)dt) > 0) == (dt <= MXB_BF16));
    }
}

static void test_features(void **state)
{
    (void)state;
    static const int bits[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 17, 18, 19, 20 };
    const char *unknown = mxb_feature_name(1ull << 63);
    for (size_t i = 0; i < MXB_COUNT(bits); i++) {
        assert_string_not_equal(mxb_feature_name(1ull << bits[i]), unknown);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(mxb_feature_name(1ull << bits[i]), mxb_feature_name(1ull << bits[k]));
    }
    assert_string_equal(mxb_feature_name(MXB_FEAT_SUBGROUP), "subgroup operations");
    struct mxb_dev *d = calloc(1, sizeof *d);
    assert_non_null(d);
    assert_int_equal(mxb_fail(d, MXB_EDEVICE, "queue %d: %s", 3, "lost"), MXB_EDEVICE);
    assert_string_equal(d->err, "queue 3: lost");
    free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_f16), cmocka_unit_test(test_bf16), cmocka_unit_test(test_f32),
        cmocka_unit_test(test_integers), cmocka_unit_test(test_bulk), cmocka_unit_test(test_names),
        cmocka_unit_test(test_features),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
