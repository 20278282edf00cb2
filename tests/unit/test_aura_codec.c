/* Tests aura_encode, aura_dequant_rotated, aura_score and aura_value: the oracles against published numbers and
 * NumPy's, the generator of boundaries, the error scale of the norms, the CPU kernels and the argument checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernels/attention/aura_encode/aura_encode.h"
#include "tests/unit/oracle_fixture.h"

extern const struct mxb_op mxb_op_aura_encode, mxb_op_aura_dequant_rotated, mxb_op_aura_score, mxb_op_aura_value;
static const struct mxb_op *const encode = &mxb_op_aura_encode, *const dequant = &mxb_op_aura_dequant_rotated;
static const struct mxb_op *const score = &mxb_op_aura_score, *const value = &mxb_op_aura_value;
struct dequant_params { uint32_t heads, tokens, dim; };          /* the .def files */
struct score_params { uint32_t n_heads, n_kv_heads, tokens, dim; };
struct value_params { uint32_t n_heads, n_kv_heads, tokens, dim; float sparse_threshold; };

/* ---- published numbers of the encoder ---- */

/* (-1)^popcount(d & j) s_j / sqrt(dim): a Hadamard matrix with random signs. */
static double hadamard(uint32_t dim, uint32_t d, uint32_t j)
{
    const uint64_t a = 6364136223846793005, c = 1442695040888963407;
    uint64_t state = UINT64_C(0xA09A5EED) * a + c;
    for (uint32_t i = 0; i <= j; i++)
        state = state * a + c;
    const bool negative = (state >> 33 & 1) ^ (uint32_t)__builtin_parity(d & j);
    return (negative ? -1 : 1) / sqrt(dim);
}

static void fill_published(struct run *r, bool rotated, int modulus, int offset)
{
    const struct aura_encode_params *p = r->pr.params;
    float book[16];
    for (uint32_t i = 0; i < p->rows * p->dim; i++)
        put(r, T_INPUT, i, ((int)i % modulus - offset) * 0.05);
    for (uint32_t d = 0; d < p->dim; d++)
        for (uint32_t j = 0; j < p->dim; j++)
            put(r, T_ROTATION, d * p->dim + j, rotated ? hadamard(p->dim, d, j) : d == j);
    for (uint32_t i = 0; i < 16; i++) {
        book[i] = -1 + 2 * (float)i / 15;
        put(r, T_CODEBOOK, i, (double)book[i]);
    }
    for (uint32_t i = 0; i < 15; i++)
        put(r, T_BOUNDARIES, i, (double)((book[i] + book[i + 1]) / 2));
}

static uint32_t sum_of_codes(const double *words, uint32_t n)
{
    uint32_t sum = 0;
    for (uint32_t w = 0; w < n; w++)
        for (uint32_t k = 0; k < 8; k++)
            sum += (uint32_t)words[w] >> 4 * k & 15;
    return sum;
}

static void oracle_equals_published_numbers(void **state)
{
    static const struct { uint32_t dim, row; bool rotated; int modulus, offset; double norm; uint32_t sum, word[4]; } want[] = {
        { 128, 0, true, 29, 11, 4.6095060, 968, { 0x77898677, 0x78787877, 0x78778988, 0x87878789 } },
        { 128, 1, true, 29, 11, 4.5050517, 949, { 0x98889887, 0x76777888, 0x88789776, 0x77776777 } },
        { 128, 2, true, 29, 11, 4.5250559, 949, { 0x87788876, 0x78898767, 0x79887779, 0x88879788 } },
        { 128, 0, false, 23, 9, 3.6329506, 979, { 0x77777777, 0x88888877, 0x79998888, 0x77777777 } },
        { 128, 1, false, 23, 9, 3.6717000, 989, { 0x98888888, 0x77777799, 0x88887777, 0x99888888 } },
        { 32, 0, false, 13, 6, 0.9700240, 231, { 0x87776665, 0x665a9998, 0x99887776, 0x776665a9 } },
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(want); i++) {
        struct run r;
        struct oracle o;
        char err[MXB_ERRLEN];
        run_open(encode, &r, "aura_encode_int4", &(struct aura_encode_params){ 3, want[i].dim }, MXB_FILL_NORMAL, 1);
        fill_published(&r, want[i].rotated, want[i].modulus, want[i].offset);
        assert_int_equal(oracle_run(&r.pr, r.stored, &r.set, 1, &o, err, sizeof err), 0);
        const uint32_t width = want[i].dim / 8;
        const double *words = o.t[T_PACKED].v + want[i].row * width, norm = o.t[T_NORMS].v[want[i].row];
        if (fabs(norm - want[i].norm) > 1e-6) fail_msg("case %zu: norm %.9g, wanted %.9g", i, norm, want[i].norm);
        for (uint32_t w = 0; w < 4; w++)
            if ((uint32_t)words[w] != want[i].word[w]) fail_msg("case %zu: word %u is %08x", i, w, (uint32_t)words[w]);
        assert_int_equal(sum_of_codes(words, width), want[i].sum);
        oracle_free(&o);
        run_close(&r);
    }
}

/* Rows of zeros, of almost nothing, with a NaN; a coordinate on a boundary counts as below it; codebook of zeros. */
static void oracle_of_special_rows(void **state)
{
    const struct aura_encode_params p = { 4, 32 };
    struct run r;
    struct oracle o;
    char err[MXB_ERRLEN];
    (void)state;
    run_open(encode, &r, "aura_encode_int2", &p, MXB_FILL_NEEDLE, 1);
    for (uint32_t i = 0; i < 4 * 32; i++)
        put(&r, T_INPUT, i, i / 32 == 1 ? 1e-10 : i == 2 * 32 ? NAN : i == 3 * 32 + 7 ? -2 : 0);
    static const double bounds[] = { -1, -0.5, 0.5 }, book[] = { -3, -1, 1, 0 };
    for (uint32_t k = 0; k < 3; k++)
        put(&r, T_BOUNDARIES, k, bounds[k]);
    for (uint32_t k = 0; k < 4; k++)
        put(&r, T_CODEBOOK, k, book[k]);
    assert_int_equal(oracle_run(&r.pr, r.stored, &r.set, 1, &o, err, sizeof err), 0);
    const double *packed = o.t[T_PACKED].v, *norm = o.t[T_NORMS].v;
    assert_true(packed[0] == 0xaaaaaaaa && norm[0] == 0);            /* y = 0 lies above two boundaries: code 2, R = sqrt(32) */
    assert_true(packed[2] == 0xaaaaaaaa);                            /* too short to have a direction */
    assert_true(fabs(norm[1] - (double)1e-10f) < 1e-14);             /* length 1e-10 sqrt(32), R = sqrt(32) */
    assert_true(packed[4] == 0 && packed[5] == 0 && isnan(norm[2]));
    const uint64_t whole = (uint64_t)packed[6] | (uint64_t)packed[7] << 32, other = UINT64_C(0xaaaaaaaaaaaaaaaa) ^ whole;
    assert_int_equal(__builtin_popcountll(other), 1);                /* one coordinate is -1, on the boundary: code 0 */
    assert_true(fabs(norm[3] - 2 / sqrt(31 + 9)) < 1e-12);
    oracle_free(&o);
    for (uint32_t k = 0; k < 4; k++)
        put(&r, T_CODEBOOK, k, 0);
    assert_int_equal(oracle_run(&r.pr, r.stored, &r.set, 1, &o, err, sizeof err), 0);
    assert_true(o.t[T_NORMS].v[3] == 2);                             /* R = 0: the length as it is */
    oracle_free(&o);
    run_close(&r);
}

static void oracles_equal_numpy(void **state)
{
    (void)state;
    check_golden(dequant, "int3", 0);
    check_golden(dequant, "int6_bf16", 0);
    check_golden(dequant, "int2_f16", 0);
    check_golden(score, "int6", 1e-12);
    check_golden(score, "int3_bf16", 1e-12);
    check_golden(value, "int4_sparse", 1e-12);
    check_golden(value, "int8_f16", 1e-12);
}

/* ---- the generator ---- */

/* No rotated coordinate lies so near a boundary that the order of a sum could decide its code. */
static void boundaries_keep_clear_of_the_data(void **state)
{
    static const char *const entry[] = { "aura_encode_int2", "aura_encode_int4_bf16", "aura_encode_int8", "aura_encode_int8_f16" };
    const struct aura_encode_params p = { 64, 128 };
    (void)state;
    for (size_t e = 0; e < MXB_COUNT(entry); e++)
        for (int fill = 0; fill < MXB_FILL_PROBE; fill++) {
            struct run r;
            double least = INFINITY;
            if (!(encode->fills >> fill & 1)) continue;
            run_open(encode, &r, entry[e], &p, (enum mxb_fill)fill, 1);
            const uint64_t bounds = r.pr.nelem[T_BOUNDARIES];
            for (uint64_t k = 0; k + 1 < bounds; k++)
                assert_true(in(&r, T_BOUNDARIES, k) < in(&r, T_BOUNDARIES, k + 1));
            for (uint32_t row = 0; row < p.rows; row++) {
                double length = 0;
                for (uint32_t j = 0; j < p.dim; j++)
                    length += in(&r, T_INPUT, row * p.dim + j) * in(&r, T_INPUT, row * p.dim + j);
                for (uint32_t d = 0; d < p.dim && sqrt(length) > 1e-8; d++) {
                    double y = 0;
                    for (uint32_t j = 0; j < p.dim; j++)
                        y += in(&r, T_ROTATION, d * p.dim + j) * in(&r, T_INPUT, row * p.dim + j) / sqrt(length);
                    for (uint64_t k = 0; k < bounds; k++)
                        least = fmin(least, fabs(y - in(&r, T_BOUNDARIES, k)) / (0.1 + fabs(y)));
                }
            }
            if (!(least > 64 * 0x1p-24)) fail_msg("%s fill %d: a coordinate is within %g of a boundary", entry[e], fill, least);
            run_close(&r);
        }
}

/* ---- the error scale ---- */

enum mistake { NONE, ROUNDING, NORM_1E5, LENGTH_KEPT, LAST_COORDINATE };

/* Norms from serial f32 sums; codes are the oracle's. */
static struct check_report norms(struct run *r, enum mistake mistake)
{
    const struct aura_encode_params *p = r->pr.params;
    for (uint64_t i = 0; i < r->pr.nelem[T_PACKED]; i++)
        put(r, T_PACKED, i, r->oracle.t[T_PACKED].v[i]);
    for (uint32_t row = 0; row < p->rows; row++) {
        const uint32_t *words = (const uint32_t *)r->stored[T_PACKED] + row * (p->dim / 8);
        float n2 = 0, r2 = 0;
        for (uint32_t d = 0; d < p->dim; d++) {
            const float x = (float)in(r, T_INPUT, row * p->dim + d), c = (float)in(r, T_CODEBOOK, words[d / 8] >> d % 8 * 4 & 15);
            n2 += x * x;
            r2 += mistake == LAST_COORDINATE && d + 1 == p->dim ? 0 : c * c;
        }
        const float n = sqrtf(n2) * (mistake == ROUNDING ? 1 + 0x1p-21f : mistake == NORM_1E5 ? 1 + 1e-4f : 1), root = sqrtf(r2);
        put(r, T_NORMS, row, (double)(root > 1e-8f && mistake != LENGTH_KEPT ? n / root : n));
    }
    return judge(r);
}

static void error_scale_of_norms(void **state)
{
    (void)state;
    for (int fill = 0; fill < MXB_FILL_PROBE; fill++)
        for (enum mistake m = NONE; m <= LAST_COORDINATE; m++) {
            struct run r;
            if (!(encode->fills >> fill & 1)) continue;
            run_open(encode, &r, "aura_encode_int4", &(struct aura_encode_params){ 40, 128 }, (enum mxb_fill)fill, 1);
            const struct check_report c = norms(&r, m);
            if ((c.status == ST_PASS) != (m <= ROUNDING))
                fail_msg("fill %d, mistake %d: rms %g max %g %s", fill, (int)m, c.err_rms, c.err_max, c.text);
            put(&r, T_PACKED, 77, in(&r, T_PACKED, 77) + 1);         /* one code off by one */
            assert_int_equal(judge(&r).status, ST_FAIL);
            run_close(&r);
        }
}

/* ---- CPU kernels, arguments, accounting ---- */

static void cpu_kernels(void **state)
{
    (void)state;
    for (uint32_t e = 0; e < encode->nentry; e++) {
        check_cpu(encode, encode->entry[e].name, &(struct aura_encode_params){ 6, 96 });
        check_cpu(dequant, dequant->entry[e].name, &(struct dequant_params){ 2, 3, 37 });
        check_cpu(score, score->entry[e].name, &(struct score_params){ 4, 2, 67, 37 });
        check_cpu(value, value->entry[e].name, &(struct value_params){ 4, 2, 30, 70, 0.01f });
    }
}

static void bad_arguments_are_rejected(void **state)
{
    (void)state;
    rejected(encode, "aura_encode_int4", &(struct aura_encode_params){ 0, 128 }, "rows");
    rejected(encode, "aura_encode_int4", &(struct aura_encode_params){ 1, 0 }, "dim");
    rejected(encode, "aura_encode_int4", &(struct aura_encode_params){ 1, 48 }, "dim (48) must be a multiple of 32, at most 512");
    rejected(encode, "aura_encode_int4", &(struct aura_encode_params){ 1, 544 }, "dim (544)");
    rejected(dequant, "aura_dequant_rotated_int4", &(struct dequant_params){ 0, 1, 1 }, "heads");
    rejected(dequant, "aura_dequant_rotated_int4", &(struct dequant_params){ 1, 0, 1 }, "tokens");
    rejected(dequant, "aura_dequant_rotated_int4", &(struct dequant_params){ 1, 1, 1025 }, "dim");
    rejected(dequant, "aura_dequant_rotated_int4", &(struct dequant_params){ 1024, 4096, 1024 }, "is 4294967296");
    rejected(score, "aura_score_int4", &(struct score_params){ 4, 3, 1, 1 }, "n_heads (4) must be divisible by n_kv_heads (3)");
    rejected(score, "aura_score_int4", &(struct score_params){ 1, 1, 1, 0 }, "dim");
    rejected(score, "aura_score_int4", &(struct score_params){ 1, 1, 0, 1 }, "tokens");
    rejected(score, "aura_score_int4", &(struct score_params){ 2, 1, 4194240, 1024 }, "32-bit element offsets");
    rejected(value, "aura_value_int4", &(struct value_params){ 5, 2, 1, 1, 0 }, "n_heads (5) must be divisible by n_kv_heads (2)");
    rejected(value, "aura_value_int4", &(struct value_params){ 1, 1, 1, 1, NAN }, "sparse_threshold");
    rejected(value, "aura_value_int4", &(struct value_params){ 512, 1, 16777216, 1, 0 }, "32-bit element offsets");
}

static void work_is_counted(void **state)
{
    struct mxb_problem pr;
    char err[MXB_ERRLEN];
    (void)state;
#define PROBLEM(op, entry, ...) \
    assert_int_equal(problem_init(&pr, op, ops_entry(op, entry), __VA_ARGS__, 1, MXB_FILL_NORMAL, err, sizeof err), 0)
    const struct aura_encode_params e = { 256, 128 };
    PROBLEM(encode, "aura_encode_int4", &e);
    assert_true(encode->flops(&pr) == 256.0 * (2 * 128 * 128 + 16 * 128 + 6 * 128));
    assert_true(encode->bytes(&pr) == 4.0 * (256 * 128 + 128 * 128 + 256) + 4 * 256 * 16);
    const struct dequant_params d = { 8, 64, 128 };
    PROBLEM(dequant, "aura_dequant_rotated_int4_f16", &d);
    assert_true(dequant->flops(&pr) == 8 * 64 * 128 && dequant->bytes(&pr) == 512.0 * (4 * 16 + 2 * 129));
    const struct score_params s = { 32, 8, 4096, 128 };
    PROBLEM(score, "aura_score_int4", &s);
    assert_true(score->flops(&pr) == 2.0 * 32 * 4096 * 128);
    assert_true(score->bytes(&pr) == 8.0 * 4096 * 68 + 4.0 * 32 * (128 + 4096));
    const struct value_params v = { 32, 8, 4096, 128, 0 };
    PROBLEM(value, "aura_value_int4", &v);
    assert_true(value->flops(&pr) == 2.0 * 32 * 4096 * 128);
    assert_true(value->bytes(&pr) == 8.0 * 4096 * 68 + 4.0 * 32 * (128 + 4096));
#undef PROBLEM
}

static void tables_are_consistent(void **state)
{
    (void)state;
    check_tables(encode);
    check_tables(dequant);
    check_tables(score);
    check_tables(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oracle_equals_published_numbers),
        cmocka_unit_test(oracle_of_special_rows),
        cmocka_unit_test(oracles_equal_numpy),
        cmocka_unit_test(boundaries_keep_clear_of_the_data),
        cmocka_unit_test(error_scale_of_norms),
        cmocka_unit_test(cpu_kernels),
        cmocka_unit_test(bad_arguments_are_rejected),
        cmocka_unit_test(work_is_counted),
        cmocka_unit_test(tables_are_consistent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
