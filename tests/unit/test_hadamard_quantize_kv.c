/* Tests the TurboQuant encoder: the codebooks against the normal distribution they are made for, golden vectors, ties
 * and special values, slots, the generator's distance from boundaries, the error scale from both sides, and the CPU
 * kernels. */
#include "tests/unit/tq_fixture.h"

#include "kernels/common/tq_cpu.h"
#include "kernels/common/tq_oracle.h"
#include "kernels/turboquant/hadamard_quantize_kv/hadamard_quantize_kv.h"

#define PARAMS struct hadamard_quantize_kv_params
extern const struct mxb_op mxb_op_hadamard_quantize_kv;
static const struct mxb_op *const op = &mxb_op_hadamard_quantize_kv;
static const uint32_t all_bits[] = { 4, 5, 6, 8 };

static const char *entry_of(uint32_t dim, uint32_t bits)
{
    return bits == 4 ? dim == 256 ? "hadamard_quantize_kv_fast_d256" : "hadamard_quantize_kv_fast_d512"
                     : dim == 256 ? "hadamard_quantize_kv_hb_d256" : "hadamard_quantize_kv_hb_d512";
}

static PARAMS one_vector(uint32_t bits)
{
    return (PARAMS){ .num_kv_heads = 1, .cache_capacity = 1, .scale_factor_d512 = 1,
                     .codebook_bits = bits == 4 ? 8 : bits, .n_tokens = 1 };
}

/* Index of coordinate c of a slot in got or, if `oracle`, in what the oracle says. */
static uint32_t index_at(const struct run *r, bool oracle, uint64_t slot, uint32_t c)
{
    const struct shape s = hadamard_quantize_kv_shape(&r->pr);
    const uint64_t i = s.bits == 4 ? (slot * s.dim + c) / 2 : slot * s.dim + c;
    const uint32_t byte = oracle ? (uint32_t)r->oracle.t[T_PACKED].v[i] : ((const uint8_t *)r->got[T_PACKED])[i];
    return s.bits != 4 ? byte : c % 2 ? byte >> 4 : byte & 15;
}

/* ---- codebooks ---- */

/* Root mean square of x - centroid(index(x)) for x from N(0,1), by the midpoint rule. */
static double quantisation_error(uint32_t bits)
{
    const double step = 1e-3;
    double sum = 0;
    for (double x = -8 + step / 2; x < 8; x += step) {
        const double e = x - tq_oracle_centroid(bits, tq_oracle_index(bits, x));
        sum += e * e * exp(-x * x / 2) / sqrt(2 * acos(-1)) * step;
    }
    return sqrt(sum);
}

static void codebooks(void **state)
{
    static const double error[] = { 0.097473, 0.050047, 0.025469, 0.007921 };
    (void)state;
    for (size_t k = 0; k < MXB_COUNT(all_bits); k++) {
        const uint32_t bits = all_bits[k], n = 1u << bits;
        assert_true(fabs(quantisation_error(bits) - error[k]) < 2e-6);
        assert_true(tq_oracle_boundary(bits, n / 2 - 1) == 0);
        for (uint32_t i = 0; i + 1 < n; i++) {
            const double a = tq_oracle_centroid(bits, i), b = tq_oracle_centroid(bits, i + 1);
            const double t = tq_oracle_boundary(bits, i);
            assert_true(a < t && t < b && fabs(t - (a + b) / 2) < 5e-7);
            assert_true(a == -tq_oracle_centroid(bits, n - 1 - i));
            assert_true(i + 2 >= n || t == -tq_oracle_boundary(bits, n - 2 - i));
        }
    }
}

/* The vector search at every boundary and one step on both sides of it, and at the ends. */
static void vector_search_equals_counting(void **state)
{
    (void)state;
    for (size_t k = 0; k < MXB_COUNT(all_bits); k++) {
        const uint32_t bits = all_bits[k];
        float v[1024] = { 0, -0.0f, INFINITY, -INFINITY, NAN, 1e-30f, -1e-30f, 3.1e38f };
        uint32_t n = 8;
        for (uint32_t i = 0; i + 1 < 1u << bits; i++) {
            const float t = (float)tq_oracle_boundary(bits, i);
            v[n++] = t;
            v[n++] = nextafterf(t, 1e9f);
            v[n++] = nextafterf(t, -1e9f);
        }
        for (uint32_t i = 0; i < n; i++) {
            const vi got = tq_index(bits, vf_set1(v[i]));
            assert_int_equal(got[VL - 1], tq_oracle_index(bits, (double)v[i]));
        }
        for (uint32_t i = 0; i < 1u << bits; i++)
            assert_true((double)tq_decode(bits, vi_set1((int32_t)i))[1] == tq_oracle_centroid(bits, i));
    }
}

/* ---- golden vectors ---- */

static const struct golden {
    uint32_t dim, bits, first[16], sum;
    double cosine;
} goldens[] = {
    { 256, 4, { 10, 9, 10, 13, 6, 6, 12, 14, 8, 11, 7, 6, 9, 7, 6, 11 }, 1955, 0.995953 },
    { 256, 5, { 20, 18, 20, 27, 12, 13, 24, 28, 16, 21, 15, 12, 18, 14, 12, 23 }, 4031, 0.998829 },
    { 256, 6, { 41, 37, 40, 55, 25, 26, 49, 57, 33, 44, 31, 24, 38, 28, 24, 47 }, 8206, 0.999721 },
    { 256, 8, { 150, 141, 149, 194, 113, 114, 172, 204, 132, 158, 127, 111, 142, 119, 110, 168 }, 33048, 0.9999702 },
    { 512, 4, { 10, 2, 6, 4, 8, 13, 1, 5, 11, 9, 11, 6, 9, 6, 5, 9 }, 3814, 0.995698 },
    { 512, 5, { 20, 5, 14, 8, 16, 26, 2, 11, 22, 19, 23, 12, 19, 13, 11, 18 }, 7869, 0.998827 },
    { 512, 6, { 41, 11, 27, 16, 33, 52, 5, 21, 44, 39, 47, 25, 38, 26, 22, 38 }, 15999, 0.999688 },
    { 512, 8, { 149, 72, 118, 88, 131, 183, 47, 103, 159, 145, 166, 113, 143, 116, 105, 142 }, 65098, 0.9999685 },
};

/* Cosine of z and its reconstruction centroid * N / 16 or centroid * N of the half. */
static double cosine(const struct run *r, bool oracle, const double *z)
{
    const struct shape s = hadamard_quantize_kv_shape(&r->pr);
    double dot = 0, zz = 0, dd = 0;
    for (uint32_t c = 0; c < s.dim; c++) {
        const double norm = oracle ? r->oracle.t[T_NORMS].v[c / 256] : mxb_load(MXB_F32, r->got[T_NORMS], c / 256);
        const double d = tq_oracle_centroid(s.bits, index_at(r, oracle, 0, c)) * (s.dim == 256 ? norm / 16 : norm);
        dot += z[c] * d;
        zz += z[c] * z[c];
        dd += d * d;
    }
    return dot / sqrt(zz * dd);
}

static void expect_golden(const struct run *r, const struct golden *g, bool oracle, const double *z)
{
    static const double norm[2][2] = { { 15.855260, 0 }, { 1.0167517, 1.0611638 } };
    uint32_t sum = 0;
    for (uint32_t c = 0; c < g->dim; c++) {
        const uint32_t index = index_at(r, oracle, 0, c);
        if (c < 16 && index != g->first[c]) fail_msg("D=%u %u bits: index %u is %u", g->dim, g->bits, c, index);
        sum += index;
    }
    if (sum != g->sum) fail_msg("D=%u %u bits: sum of indices %u", g->dim, g->bits, sum);
    for (uint32_t b = 0; b < g->dim / 256; b++) {
        const double got = oracle ? r->oracle.t[T_NORMS].v[b] : mxb_load(MXB_F32, r->got[T_NORMS], b);
        assert_true(fabs(got - norm[g->dim / 512][b]) < 2e-6);
    }
    assert_true(fabs(cosine(r, oracle, z) - g->cosine) < 1e-6);
}

static void golden_vectors(void **state)
{
    static const double x0[2][4] = { { -0.678337, 0.967635, 0.570207, -2.511455 },
                                     { 0.193229, 0.063955, -1.062416, -1.047228 } };
    static const double z0[2][4] = { { 0.599092, 0.352752, 0.569272, 1.780984 },
                                     { 0.600898, -1.522990, -0.266060, -1.099530 } };
    (void)state;
    for (size_t k = 0; k < MXB_COUNT(goldens); k++) {
        const struct golden *g = &goldens[k];
        const PARAMS p = one_vector(g->bits);
        double in[MAX_DIM], z[MAX_DIM];
        struct run r;
        run_inputs(&r, op, entry_of(g->dim, g->bits), &p, 1, MXB_FILL_NORMAL);
        gauss_d(g->dim == 256 ? 0xC25EED : 0xD512, r.stored[T_SRC], g->dim);
        run_oracle(&r);
        for (uint32_t j = 0; j < g->dim; j++) in[j] = tq_oracle_sign(j) * r.oracle.t[T_SRC].v[j];
        tq_oracle_hadamard(in, g->dim, z);
        for (uint32_t j = 0; j < 4; j++) {
            assert_true(fabs(r.oracle.t[T_SRC].v[j] - x0[g->dim / 512][j]) < 1e-6);
            assert_true(fabs(z[j] - z0[g->dim / 512][j]) < 1e-6);
        }
        expect_golden(&r, g, true, z);
        for (uint32_t i = 0; i < op->nimpl; i++)
            if (strcmp(op->impl[i].lang, "c") == 0 && run_cpu(&r, (int)i)) expect_golden(&r, g, false, z);
        run_close(&r);
    }
}

/* ---- special vectors ---- */

/* Zero: norm 0 and the index just below the middle.  NaN and infinity: index 0, and the norm says which. */
static void special_vectors(void **state)
{
    static const float value[] = { 0, NAN, INFINITY, -INFINITY };
    (void)state;
    for (size_t k = 0; k < MXB_COUNT(all_bits); k++)
        for (uint32_t dim = 256; dim <= 512; dim += 256)
            for (size_t v = 0; v < MXB_COUNT(value); v++) {
                const PARAMS p = one_vector(all_bits[k]);
                struct run r;
                run_inputs(&r, op, entry_of(dim, all_bits[k]), &p, 1, MXB_FILL_NORMAL);
                for (uint32_t j = 0; j < dim && value[v] == 0; j++) ((float *)r.stored[T_SRC])[j] = 0;
                ((float *)r.stored[T_SRC])[dim - 2] = value[v];
                run_oracle(&r);
                for (uint32_t c = 0; c < dim; c++)
                    assert_int_equal(index_at(&r, true, 0, c), value[v] == 0 ? (1u << (all_bits[k] - 1)) - 1 : 0);
                for (uint32_t b = 0; b < dim / 256; b++) {
                    const double norm = r.oracle.t[T_NORMS].v[b];
                    assert_true(value[v] == 0 ? norm == 0 : isnan(value[v]) ? isnan(norm) : norm == INFINITY);
                }
                run_expect_cpu(&r, "special");
                run_close(&r);
            }
}

/* Norms of 0.6e-10 count as zero, 2.3e-10 do not. */
static void smallest_norm(void **state)
{
    PARAMS p = one_vector(8);
    (void)state;
    p.num_kv_heads = 5;
    for (uint32_t dim = 256; dim <= 512; dim += 256) {
        struct run r;
        run_open(&r, op, entry_of(dim, 8), &p, 1, MXB_FILL_LARGE);
        for (uint32_t h = 0; h < 5; h++) {
            const double norm = r.oracle.t[T_NORMS].v[h * (dim / 256)];
            uint32_t middle = 0;
            for (uint32_t c = 0; c < dim; c++) middle += index_at(&r, true, h, c) == 127;
            const double low[] = { 1e11, 1e-11, 1.5e-10, 1e-9, 0 }, high[] = { 1e14, 1e-10, 1e-9, 1e-6, 0 };
            assert_true(norm >= low[h] && norm <= high[h]);
            assert_true(h == 1 || h == 4 ? middle == dim : middle < dim / 16);
        }
        run_expect_cpu(&r, "large");
        run_close(&r);
    }
}

/* ---- slots ---- */

/* Position 10 of a ring of 8 is slot 2; the other slots keep their content. */
static void slots(void **state)
{
    static const struct { PARAMS p; uint32_t dim, slot; } known[] = {
        { { 2, 7, 32, 0, 1, 8, 0, 1, 0 }, 256, 7 },
        { { 8, 13, 64, 1, 1, 8, 0, 1, 0 }, 512, 13 },
        { { 2, 10, 8, 1, 1, 8, 0, 1, 0 }, 256, 2 },
        { { 2, 6, 8, 1, 1, 6, 0, 5, 3 }, 512, 6 },           /* five tokens: slots 6, 7, 0, 1, 2 */
    };
    (void)state;
    for (size_t k = 0; k < MXB_COUNT(known); k++)
        for (uint32_t bits = 4; bits <= 8; bits += 4) {
            const PARAMS *p = &known[k].p;
            struct run r;
            run_open(&r, op, entry_of(known[k].dim, bits), p, 9, MXB_FILL_NORMAL);
            const uint64_t slot_bytes = r.pr.nelem[T_PACKED] / p->num_kv_heads / p->cache_capacity;
            for (uint32_t h = 0; h < p->num_kv_heads; h++)
                for (uint32_t s = 0; s < p->cache_capacity; s++) {
                    const uint64_t at = ((uint64_t)h * p->cache_capacity + s) * slot_bytes;
                    const bool written = (s + p->cache_capacity - known[k].slot) % p->cache_capacity < p->n_tokens;
                    uint32_t kept = 0;
                    for (uint64_t i = 0; i < slot_bytes; i++)
                        kept += r.oracle.t[T_PACKED].v[at + i] == ((const uint8_t *)r.stored[T_PACKED])[at + i];
                    assert_true(written ? kept < slot_bytes / 8 : kept == slot_bytes);
                }
            run_expect_cpu(&r, "slots");
            run_close(&r);
        }
}

/* ---- generator ---- */

/* No index depends on how a device rounds: seen from the definition of the transform, not the generator's own. */
static void no_coordinate_is_near_a_boundary(void **state)
{
    static const enum mxb_fill fill[] = { MXB_FILL_NORMAL, MXB_FILL_NEEDLE, MXB_FILL_LARGE };
    (void)state;
    for (size_t k = 0; k < MXB_COUNT(all_bits); k++)
        for (int i = 0; i < 6; i++) {
            const uint32_t dim = i % 2 ? 512 : 256;
            PARAMS p = one_vector(all_bits[k]);
            uint32_t zeros = 0;
            double nearest = 1;
            struct run r;
            p.num_kv_heads = 12;
            run_inputs(&r, op, entry_of(dim, all_bits[k]), &p, 3, fill[i / 2]);
            for (uint32_t row = 0; row < 12; row++) {
                double in[MAX_DIM], z[MAX_DIM], none[MAX_DIM] = { 0 };
                struct encoded e;
                for (uint32_t j = 0; j < dim; j++)
                    in[j] = tq_oracle_sign(j) * mxb_load(MXB_F32, r.stored[T_SRC], row * dim + j);
                tq_oracle_hadamard(in, dim, z);
                hadamard_quantize_kv_encode(&r.pr, z, none, &e);
                for (uint32_t j = 0; j < dim; j++) {
                    const double v = e.v[j];
                    zeros += v == 0;
                    for (uint32_t t = 0; t + 1 < 1u << all_bits[k] && v != 0; t++)
                        nearest = fmin(nearest, fabs(v - tq_oracle_boundary(all_bits[k], t)) / fmax(1, fabs(v)));
                }
            }
            assert_true(nearest > 1e-7 && (fill[i / 2] != MXB_FILL_NEEDLE || zeros > 12 * dim / 2));
            if (fill[i / 2] == MXB_FILL_NORMAL) assert_true(nearest > 5e-7 && zeros == 0);
            run_close(&r);
        }
}

/* ---- kernels and error scale ---- */

static void cpu_kernels(void **state)
{
    (void)state;
    for (size_t k = 0; k < MXB_COUNT(all_bits); k++)
        for (int fill = 0; fill < MXB_NFILL; fill++)
            for (uint32_t dim = 256; dim <= 512; dim += 256) {
                const uint32_t bits = all_bits[k];
                const PARAMS p = { 3, 5, 9, 1, k == 0 ? 1 : 16, bits == 4 ? 8 : bits, bits == 4, 6, 1 };
                struct run r;
                if (!(op->fills >> fill & 1)) continue;
                run_open(&r, op, entry_of(dim, bits), &p, 11, (enum mxb_fill)fill);
                run_expect_cpu(&r, "every fill");
                run_close(&r);
            }
}

static void wrong_outputs_fail(void **state)
{
    const PARAMS p = { 4, 0, 1, 0, 1, 8, 1, 1, 0 };
    (void)state;
    for (uint32_t dim = 256; dim <= 512; dim += 256) {
        struct run r;
        run_open(&r, op, entry_of(dim, 4), &p, 11, MXB_FILL_NORMAL);
        for (uint32_t i = 0; i < op->nimpl; i++)
            if (strcmp(op->impl[i].name, "base") == 0) assert_true(run_cpu(&r, (int)i));
        assert_int_equal(run_judge(&r).status, ST_PASS);
        float *norm = r.got[T_NORMS], *probe = r.got[T_PROBE];
        uint8_t *byte = (uint8_t *)r.got[T_PACKED] + dim / 2 + 17;
        norm[1] *= 1 + 8 * 0x1p-23f;                 /* what a device may do: square root off by 8 steps */
        assert_int_equal(run_judge(&r).status, ST_PASS);
        norm[1] *= 1 + 0x1p-13f;                     /* no device may */
        assert_int_equal(run_judge(&r).status, ST_FAIL);
        norm[1] /= 1 + 0x1p-13f;
        *byte = (uint8_t)(*byte & 15 ? *byte - 1 : *byte + 1);       /* one index by one */
        assert_int_equal(run_judge(&r).status, ST_FAIL);
        assert_int_equal(run_judge(&r).bad, 1);
        *byte ^= 0x10;                               /* and another, in the other nibble */
        assert_int_equal(run_judge(&r).bad, 1);
        *byte = (uint8_t)r.oracle.t[T_PACKED].v[dim / 2 + 17];
        assert_int_equal(run_judge(&r).status, ST_PASS);
        for (uint32_t i = 0; i < 4 * dim; i++) probe[i] *= 1 + 0x1p-16f;
        assert_int_equal(run_judge(&r).status, ST_FAIL);
        run_close(&r);
    }
}

/* ---- argument checks and accounting ---- */

static void bad_arguments_are_rejected(void **state)
{
    static const char fast[] = "hadamard_quantize_kv_fast_d256", hb[] = "hadamard_quantize_kv_hb_d512";
    (void)state;
    run_rejects(op, hb, &(PARAMS){ 0, 0, 1, 0, 1, 8, 0, 1, 0 }, "num_kv_heads");
    run_rejects(op, hb, &(PARAMS){ 1, 0, 0, 0, 1, 8, 0, 1, 0 }, "cache_capacity");
    run_rejects(op, hb, &(PARAMS){ 1, 0, 1, 0, 0, 8, 0, 1, 0 }, "scale_factor_d512");
    run_rejects(op, hb, &(PARAMS){ 1, 0, 1, 0, NAN, 8, 0, 1, 0 }, "scale_factor_d512");
    run_rejects(op, hb, &(PARAMS){ 1, 0, 1, 0, 1, 4, 0, 1, 0 }, "codebook_bits");
    run_rejects(op, hb, &(PARAMS){ 1, 0, 1, 0, 1, 9, 0, 1, 0 }, "codebook_bits");
    run_rejects(op, hb, &(PARAMS){ 1, 0, 1, 0, 1, 7, 0, 1, 0 }, "codebook_bits must be 5, 6 or 8");
    run_rejects(op, hb, &(PARAMS){ 1, 0, 1, 0, 1, 8, 1, 1, 0 }, "rms_probe_enabled needs one of the fast entries");
    run_rejects(op, hb, &(PARAMS){ 1, 0, 1, 0, 1, 8, 0, 0, 0 }, "n_tokens");
    run_rejects(op, fast, &(PARAMS){ 1, 8, 8, 0, 1, 8, 0, 1, 0 }, "write_pos (8) + n_tokens (1) exceeds");
    run_rejects(op, fast, &(PARAMS){ 1, 6, 8, 0, 1, 8, 0, 3, 0 }, "write_pos (6) + n_tokens (3)");
    run_rejects(op, fast, &(PARAMS){ 1, 6, 8, 1, 1, 8, 0, 9, 0 }, "two tokens would share a slot");
    run_rejects(op, fast, &(PARAMS){ 4096, 0, 8192, 0, 1, 8, 0, 1, 0 }, "2^32 elements");
    run_rejects(op, fast, &(PARAMS){ 4096, 0, 1, 0, 1, 8, 0, 1, 4096 }, "2^32 elements");
}

static void work_is_counted(void **state)
{
    const PARAMS p = { 8, 0, 64, 0, 1, 6, 0, 2, 5 };
    struct run r;
    (void)state;
    run_inputs(&r, op, "hadamard_quantize_kv_hb_d512", &p, 1, MXB_FILL_NORMAL);
    assert_true(op->flops(&r.pr) == 16 * 512 * (9 + 1 + 5 + 6));
    assert_true(problem_min_bytes(&r.pr) == 16 * (4 * 512 + 512 + 8));
    run_close(&r);
    run_inputs(&r, op, "hadamard_quantize_kv_fast_d256", &p, 1, MXB_FILL_NORMAL);
    assert_true(op->flops(&r.pr) == 16 * 256 * (8 + 1 + 5 + 4));
    assert_true(problem_min_bytes(&r.pr) == 16 * (4 * 256 + 128 + 4));
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
        cmocka_unit_test(codebooks),
        cmocka_unit_test(vector_search_equals_counting),
        cmocka_unit_test(golden_vectors),
        cmocka_unit_test(special_vectors),
        cmocka_unit_test(smallest_norm),
        cmocka_unit_test(slots),
        cmocka_unit_test(no_coordinate_is_near_a_boundary),
        cmocka_unit_test(cpu_kernels),
        cmocka_unit_test(wrong_outputs_fail),
        cmocka_unit_test(bad_arguments_are_rejected),
        cmocka_unit_test(work_is_counted),
        cmocka_unit_test(tables_are_consistent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
