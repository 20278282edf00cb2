/* Tests the vectors of f32 that CPU kernels share, at the width this file is compiled for: conversions and exp2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels/common/mxb_cpu.h"

static void test_conversions(void **state)
{
    (void)state;
    for (uint32_t base = 0; base < 65536; base += VL) {
        uint16_t h[VL], back[VL];
        float f[VL];
        for (uint32_t i = 0; i < VL; i++) h[i] = (uint16_t)(base + i);
        for (int dt = MXB_F16; dt <= MXB_BF16; dt++) {
            vf_store_f32(f, vf_load((enum mxb_dtype)dt, h, 0));
            vf_store((enum mxb_dtype)dt, back, 0, vf_load((enum mxb_dtype)dt, h, 0));
            for (uint32_t i = 0; i < VL; i++) {
                const double want = mxb_load((enum mxb_dtype)dt, h, i);
                assert_true(isnan(want) ? isnan(f[i]) : (double)f[i] == want);
                if (!isnan(want)) assert_int_equal(back[i], h[i]);
            }
        }
    }
    for (uint64_t i = 0; i < 400000; i += VL) {      /* f32 to 16 bits: random patterns, and neighbours of halfway points */
        float f[VL];
        for (uint32_t e = 0; e < VL; e++) {
            uint32_t u = mxb_rand_u32(5, 1, i + e);
            if (i % 3 == 0) u = (u & 0xfffff000) + u % 3 - 1;
            if (i % 5 == 0) u = (u & 0x80ffffff) | (0x38000000 + ((u & 7) << 23));      /* near the f16 limits below */
            memcpy(&f[e], &u, 4);
        }
        for (int dt = MXB_F16; dt <= MXB_BF16; dt++) {
            uint16_t got[VL], want[VL];
            vf_store((enum mxb_dtype)dt, got, 0, vf_load_f32(f));
            for (uint32_t e = 0; e < VL; e++) {
                mxb_store((enum mxb_dtype)dt, want, e, (double)f[e]);
                if (!isnan(f[e])) assert_int_equal(got[e], want[e]);
                else assert_true(isnan(mxb_load((enum mxb_dtype)dt, got, e)));
            }
        }
    }
}

static float exp2_of(float x)
{
    float y[VL];
    vf_store_f32(y, vf_exp2(vf_set1(x)));
    for (int i = 1; i < VL; i++) assert_memory_equal(&y[i], &y[0], 4);
    return y[0];
}

static void test_exp2(void **state)
{
    (void)state;
    for (int i = -149; i < 128; i++) assert_true(exp2_of((float)i) == (float)exp2(i));
    for (uint64_t i = 0; i < 400000; i++) {
        const float x = (float)(mxb_rand_uniform(3, 1, i) * 278 - 150), want = (float)exp2((double)x);
        const float ulp = nextafterf(want, INFINITY) - want;
        const double error = fabs((double)exp2_of(x) - exp2((double)x));
        if (want < FLT_MAX && !(error <= 1.2 * (double)ulp))
            fail_msg("exp2(%a) is %a, not %a", (double)x, (double)exp2_of(x), (double)want);
    }
    const float none = exp2_of(-INFINITY), tiny = exp2_of(-FLT_MAX);
    assert_true(none == 0 && !signbit(none) && tiny == 0 && !signbit(tiny));
    assert_true(exp2_of(0) == 1 && exp2_of(-0.0f) == 1 && exp2_of(-150.5f) == 0);
    assert_true(exp2_of(128) == INFINITY && exp2_of(INFINITY) == INFINITY && exp2_of(FLT_MAX) == INFINITY);
    assert_true(isnan(exp2_of(NAN)) && isnan(exp2_of(-NAN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversions),
        cmocka_unit_test(test_exp2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
