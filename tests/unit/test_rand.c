/* Random numbers: published vectors of Philox, moments, and independence of batch, order and libm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/rand.h"
#include <math.h>

/* The known answers for philox4x32-10 that come with Random123. */
static void test_known_answers(void **state)
{
    (void)state;
    static const struct { uint32_t counter[4], key[2], want[4]; } known[] = {
        { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff }, { 0xffffffff, 0xffffffff },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, { 0xa4093822, 0x299f31d0 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };
    for (size_t i = 0; i < MXB_COUNT(known); i++) {
        uint32_t out[4];
        philox4x32_10(known[i].counter, known[i].key, out);
        for (int k = 0; k < 4; k++)
            assert_int_equal(out[k], known[i].want[k]);
    }
    /* seed 0, stream 0 is the first vector, element by element */
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(mxb_rand_u32(0, 0, i), known[0].want[i]);
}

/* All of seed, stream and index matter, also in their high halves. */
static void test_all_bits_matter(void **state)
{
    (void)state;
    const uint32_t base = mxb_rand_u32(5, 7, 11);
    for (int b = 0; b < 64; b++) {
        assert_int_not_equal(mxb_rand_u32(5 ^ 1ull << b, 7, 11), base);
        assert_int_not_equal(mxb_rand_u32(5, 7, 11 ^ 1ull << b), base);
        if (b < 32)
            assert_int_not_equal(mxb_rand_u32(5, 7 ^ 1u << b, 11), base);
    }
}

static void test_batches(void **state)
{
    (void)state;
    enum { N = 67 };
    uint32_t word[N];
    double z[N];
    for (uint64_t first = 0; first < 9; first++) {
        const uint64_t at = first + (first > 4 ? UINT64_C(0xFFFFFFFFF) : 0);
        rand_words(42, 3, at, N, word);
        rand_normals(42, 3, at, N, z);
        for (uint64_t i = 0; i < N; i++) {
            assert_int_equal(word[i], mxb_rand_u32(42, 3, at + i));
            assert_true(z[i] == mxb_rand_normal(42, 3, at + i));
            assert_true(mxb_rand_uniform(42, 3, at + i) == ((double)word[i] + 0.5) / 4294967296.0);
        }
    }
}

static void test_moments(void **state)
{
    (void)state;
    enum { N = 1 << 18 };
    static double z[N];
    double sum = 0, sum2 = 0, sum3 = 0, sum4 = 0, lag = 0, uniform = 0, peak = 0;
    rand_normals(1, 0, 0, N, z);
    for (int i = 0; i < N; i++) {
        const double u = mxb_rand_uniform(1, 1, (uint64_t)i);
        assert_true(u > 0 && u < 1);
        uniform += u;
        sum += z[i];
        sum2 += z[i] * z[i];
        sum3 += z[i] * z[i] * z[i];
        sum4 += z[i] * z[i] * z[i] * z[i];
        lag += i ? z[i] * z[i - 1] : 0;
        peak = fmax(peak, fabs(z[i]));
    }
    const double root = sqrt(N);     /* each bound is about five standard errors */
    assert_true(fabs(sum / N) < 5 / root);
    assert_true(fabs(sum2 / N - 1) < 5 * sqrt(2) / root);
    assert_true(fabs(sum3 / N) < 5 * sqrt(15) / root);
    assert_true(fabs(sum4 / N - 3) < 5 * sqrt(96) / root);
    assert_true(fabs(lag / N) < 5 / root);
    assert_true(fabs(uniform / N - 0.5) < 5 * 0.289 / root);
    assert_true(peak > 4 && peak < 7);
}

/* The same normals come out of long double arithmetic, so a libm that is off by an ulp gives them too; and they use
 * the mantissa of an f32 to its end. */
static void test_normals_do_not_depend_on_libm(void **state)
{
    (void)state;
    const long double pi = 3.14159265358979323846264338327950288L;
    int odd = 0;
    for (uint64_t i = 0; i < 20000; i++) {
        const uint32_t first = mxb_rand_u32(9, 2, i & ~1ull), second = mxb_rand_u32(9, 2, i | 1);
        const uint32_t own = i & 1 ? second : first;
        const long double u = (first + 0.5L) / 4294967296, angle = 2 * pi * ((second + 0.5L) / 4294967296);
        const long double z = sqrtl(-2 * logl(u)) * (i & 1 ? sinl(angle) : cosl(angle));
        const double want = (double)(nearbyintl(z * 4096) / 4096) + ((own & 0xFFFF) - 32767.5) / 268435456;
        assert_true(mxb_rand_normal(9, 2, i) == want);
        const float f = (float)want;
        odd += (int)fmodf(fabsf(f) * 0x1p24f, 2) == 1 && fabsf(f) >= 0.5f && fabsf(f) < 1;
    }
    assert_true(odd > 1000);         /* of about 6000 with that exponent, half have the last bit set */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers), cmocka_unit_test(test_all_bits_matter), cmocka_unit_test(test_batches),
        cmocka_unit_test(test_moments), cmocka_unit_test(test_normals_do_not_depend_on_libm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
