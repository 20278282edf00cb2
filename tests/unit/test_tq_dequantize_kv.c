/* Tests the TurboQuant decoder: values by hand, the round trip through encoder and rotation, the CPU kernels at every
 * length, the error scale from both sides, argument checks. */
#include "tests/unit/tq_fixture.h"

#include "kernels/common/tq_oracle.h"
#include "kernels/turboquant/hadamard_quantize_kv/hadamard_quantize_kv.h"

enum { D_PACKED, D_NORMS, D_DST };               /* tensors; the op's own header names them like the encoder's */
struct tq_dequantize_kv_params {                 /* checked against the op's table below */
    uint32_t head_dim, num_kv_heads, read_pos, cache_capacity, norms_per_pos;
    float scale_factor_d512;
    uint32_t codebook_bits;
};
#define PARAMS struct tq_dequantize_kv_params
extern const struct mxb_op mxb_op_tq_dequantize_kv, mxb_op_hadamard_quantize_kv;
static const struct mxb_op *const op = &mxb_op_tq_dequantize_kv;

static void parameter_block(void **state)
{
    static const char *const name[] = {
        "head_dim", "num_kv_heads", "read_pos", "cache_capacity", "norms_per_pos", "scale_factor_d512", "codebook_bits",
    };
    (void)state;
    assert_int_equal(op->param_bytes, sizeof(PARAMS));
    for (uint32_t i = 0; i < MXB_COUNT(name); i++) {
        assert_string_equal(op->param[i].name, name[i]);
        assert_int_equal(op->param[i].off, 4 * i);
    }
}

/* ---- values by hand ---- */

static void values(void **state)
{
    (void)state;
    const PARAMS p4 = { 512, 1, 1, 2, 2, 4, 8 };
    struct run r;
    run_inputs(&r, op, "tq_dequantize_kv", &p4, 1, MXB_FILL_NORMAL);
    uint8_t *packed = (uint8_t *)r.stored[D_PACKED] + 256;           /* slot 1 */
    float *norm = (float *)r.stored[D_NORMS] + 2;
    packed[0] = 0xF0;                            /* coordinate 0: index 0, coordinate 1: index 15 */
    packed[128] = 0x87;                          /* coordinates 256, 257: 7 and 8 */
    norm[0] = 8, norm[1] = 12;
    run_oracle(&r);
    const double *dst = r.oracle.t[D_DST].v;
    assert_true(fabs(dst[0] + 2 * 2.7325896) < 1e-6 && fabs(dst[1] - 2 * 2.7325896) < 1e-6);
    assert_true(fabs(dst[256] + 3 * 0.1283950) < 1e-6 && fabs(dst[257] - 3 * 0.1283950) < 1e-6);
    run_expect_cpu(&r, "by hand");
    run_close(&r);
    const PARAMS p8 = { 256, 1, 0, 1, 1, 5, 6 };
    run_inputs(&r, op, "tq_dequantize_hb_kv", &p8, 1, MXB_FILL_NORMAL);
    ((uint8_t *)r.stored[D_PACKED])[3] = 40;
    ((float *)r.stored[D_NORMS])[0] = 32;
    run_oracle(&r);
    assert_true(fabs(r.oracle.t[D_DST].v[3] - 2 * 0.5424819) < 1e-6);        /* no scale factor here */
    run_expect_cpu(&r, "by hand");
    run_close(&r);
}

/* ---- round trip ---- */

/* Encodes `heads` vectors with the CPU kernel, decodes them with the CPU kernel; sums of squares of the error and of
 * the vector in the rotated domain, which is an isometry, and the worst cosine. */
static void round_trip(uint32_t dim, uint32_t bits, float sf, double *nrmse, double *worst_cosine)
{
    enum { HEADS = 100 };
    const struct hadamard_quantize_kv_params ep = { HEADS, 0, 1, 0, sf, bits == 4 ? 8 : bits, 0, 1, 0 };
    const PARAMS dp = { dim, HEADS, 0, 1, dim / 256, sf, bits == 4 ? 8 : bits };
    struct run e, d;
    char encoder[64];
    double error = 0, energy = 0;
    snprintf(encoder, sizeof encoder, "hadamard_quantize_kv_%s_d%u", bits == 4 ? "fast" : "hb", dim);
    run_inputs(&e, &mxb_op_hadamard_quantize_kv, encoder, &ep, 4, MXB_FILL_NORMAL);
    assert_true(run_cpu(&e, 2));                 /* base */
    run_inputs(&d, op, bits == 4 ? "tq_dequantize_kv" : "tq_dequantize_hb_kv", &dp, 4, MXB_FILL_NORMAL);
    memcpy(d.stored[D_PACKED], e.got[1], problem_bytes(&d.pr, D_PACKED));
    memcpy(d.stored[D_NORMS], e.got[2], problem_bytes(&d.pr, D_NORMS));
    assert_true(run_cpu(&d, 2));
    *worst_cosine = 1;
    for (uint32_t h = 0; h < HEADS; h++) {
        double y[512], x[512], var[512], dot = 0, xx = 0, yy = 0;
        for (uint32_t j = 0; j < dim; j++) y[j] = mxb_load(MXB_F32, d.got[D_DST], h * dim + j);
        tq_oracle_butterflies(y, dim, x, var);   /* its own inverse; then the signs */
        for (uint32_t j = 0; j < dim; j++) {
            const double want = mxb_load(MXB_F32, e.stored[0], h * dim + j), got = tq_oracle_sign(j) * x[j];
            error += (got - want) * (got - want);
            dot += got * want, xx += want * want, yy += got * got;
        }
        energy += xx;
        *worst_cosine = fmin(*worst_cosine, dot / sqrt(xx * yy));
    }
    *nrmse = sqrt(error / energy);
    run_close(&e);
    run_close(&d);
}

/* RMS quantisation error of each codebook for N(0,1), of which 100 vectors are a sample: within 3 %. */
static void round_trip_error(void **state)
{
    static const struct { uint32_t bits; double error, cosine; } known[] = {
        { 4, 0.097473, 0.99 }, { 5, 0.050047, 0.9975 }, { 6, 0.025469, 0.999 }, { 8, 0.007921, 0.99993 },
    };
    (void)state;
    for (size_t k = 0; k < MXB_COUNT(known); k++)
        for (uint32_t dim = 256; dim <= 512; dim += 256) {
            double nrmse, cosine;
            round_trip(dim, known[k].bits, 1, &nrmse, &cosine);
            if (!(fabs(nrmse / known[k].error - 1) < 0.03) || !(cosine > known[k].cosine))
                fail_msg("D=%u %u bits: NRMSE %.6f, cosine %.6f", dim, known[k].bits, nrmse, cosine);
        }
    double nrmse, cosine;
    round_trip(512, 8, 16, &nrmse, &cosine);     /* both agree, but the codebook is made for 1: clipped */
    assert_true(nrmse > 0.3 && cosine < 0.95);
}

/* ---- kernels and error scale ---- */

static void cpu_kernels(void **state)
{
    static const uint32_t dims[] = { 1, 2, 3, 15, 16, 17, 64, 100, 128, 255, 256, 257, 384, 512, 777, 1024 };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(dims); i++)
        for (uint32_t bits = 4; bits <= 8; bits++)
            for (uint32_t blocks = 1; blocks <= 2; blocks++)
                for (int fill = MXB_FILL_NORMAL; fill <= MXB_FILL_EXACT; fill++) {
                    const PARAMS p = { dims[i], 3, 4, 5, blocks, blocks == 1 ? 1 : 3, bits == 4 ? 8 : bits };
                    struct run r;
                    if (bits == 7 || (bits == 4 && (dims[i] < 2 || (dims[i] & (dims[i] - 1))))) continue;
                    run_open(&r, op, bits == 4 ? "tq_dequantize_kv" : "tq_dequantize_hb_kv", &p, 2,
                             (enum mxb_fill)fill);
                    run_expect_cpu(&r, "lengths");
                    run_close(&r);
                }
}

static void wrong_outputs_fail(void **state)
{
    static const PARAMS p[] = { { 256, 2, 0, 1, 1, 1, 8 }, { 512, 2, 0, 1, 2, 1, 8 }, { 512, 2, 0, 1, 2, 3, 8 } };
    (void)state;
    for (size_t k = 0; k < MXB_COUNT(p); k++) {
        struct run r;
        run_open(&r, op, "tq_dequantize_hb_kv", &p[k], 2, MXB_FILL_NORMAL);
        assert_true(run_cpu(&r, 2));
        float *dst = r.got[D_DST];
        const float keep = dst[300];
        dst[300] = nextafterf(keep, INFINITY);   /* one step: a device may */
        assert_int_equal(run_judge(&r).status, ST_PASS);
        dst[300] = keep * (1 + 0x1p-16f);
        assert_int_equal(run_judge(&r).status, ST_FAIL);
        dst[300] = keep;
        for (uint64_t i = 0; i < r.pr.nelem[D_DST]; i++) dst[i] *= 1 + 0x1p-20f;
        assert_int_equal(run_judge(&r).status, ST_FAIL);
        run_close(&r);
    }
}

/* ---- argument checks and accounting ---- */

static void bad_arguments_are_rejected(void **state)
{
    static const char four[] = "tq_dequantize_kv", hb[] = "tq_dequantize_hb_kv";
    (void)state;
    run_rejects(op, hb, &(PARAMS){ 0, 1, 0, 1, 1, 1, 8 }, "head_dim");
    run_rejects(op, hb, &(PARAMS){ 256, 0, 0, 1, 1, 1, 8 }, "num_kv_heads");
    run_rejects(op, four, &(PARAMS){ 384, 1, 0, 1, 1, 1, 8 }, "head_dim (384) must be a power of two");
    run_rejects(op, four, &(PARAMS){ 1, 1, 0, 1, 1, 1, 8 }, "head_dim (1)");
    run_rejects(op, hb, &(PARAMS){ 256, 1, 0, 1, 1, 1, 4 }, "codebook_bits");
    run_rejects(op, hb, &(PARAMS){ 256, 1, 0, 1, 1, 1, 7 }, "codebook_bits must be 5, 6 or 8");
    run_rejects(op, hb, &(PARAMS){ 256, 1, 5, 5, 1, 1, 8 }, "read_pos (5) is not below cache_capacity (5)");
    run_rejects(op, hb, &(PARAMS){ 256, 1, 0, 1, 0, 1, 8 }, "norms_per_pos");
    run_rejects(op, hb, &(PARAMS){ 512, 1, 0, 1, 2, 0, 8 }, "scale_factor_d512");
    run_rejects(op, hb, &(PARAMS){ 4096, 1024, 0, 1024, 16, 1, 8 }, "2^32 elements");
}

static void work_is_counted(void **state)
{
    const PARAMS p = { 512, 2, 0, 9, 2, 1, 8 };
    struct run r;
    (void)state;
    run_inputs(&r, op, "tq_dequantize_hb_kv", &p, 1, MXB_FILL_NORMAL);
    assert_true(op->flops(&r.pr) == 1024 && problem_min_bytes(&r.pr) == 2 * (512 + 8 + 2048));
    run_close(&r);
    run_inputs(&r, op, "tq_dequantize_kv", &p, 1, MXB_FILL_NORMAL);
    assert_true(problem_min_bytes(&r.pr) == 2 * (256 + 8 + 2048));
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
        cmocka_unit_test(parameter_block),
        cmocka_unit_test(values),
        cmocka_unit_test(round_trip_error),
        cmocka_unit_test(cpu_kernels),
        cmocka_unit_test(wrong_outputs_fail),
        cmocka_unit_test(bad_arguments_are_rejected),
        cmocka_unit_test(work_is_counted),
        cmocka_unit_test(tables_are_consistent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
