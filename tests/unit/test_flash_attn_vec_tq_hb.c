/* Tests decode attention over a TurboQuant cache: the oracle against NumPy's vectors, which slots are attended, the CPU
 * kernels under every fill, the upstream cases end to end, the error scale from both sides, argument checks. */
#include "tests/unit/tq_fixture.h"

#include "kernels/common/tq_oracle.h"
#include "kernels/turboquant/flash_attn_vec_tq_hb/flash_attn_vec_tq_hb.h"

#define PARAMS struct flash_attn_vec_tq_hb_params
extern const struct mxb_op mxb_op_flash_attn_vec_tq_hb;
static const struct mxb_op *const op = &mxb_op_flash_attn_vec_tq_hb;
static const char dk256[] = "flash_attn_vec_tq_hb_dk256", dk512[] = "flash_attn_vec_tq_hb_dk512";

/* heads, kv heads, slots, capacity; the rest as the defaults are */
static PARAMS shape(uint32_t h, uint32_t hkv, uint32_t n, uint32_t cap)
{
    return (PARAMS){ .n_heads = h, .n_kv_heads = hkv, .kv_seq_len = n, .kv_capacity = cap, .scale = 0.0625f,
                     .mask_type = MASK_CAUSAL, .nwg = 16, .scale_factor_d512 = 1, .codebook_bits = 8 };
}

/* ---- the oracle against NumPy ---- */

/* Inputs of scripts/golden/flash_attn_vec_tq_hb.py; bytes keep the bits above codebook_bits. */
static void formula_inputs(struct run *r, uint32_t dim)
{
    const PARAMS *p = r->pr.params;
    const double unit = dim == 256 ? 16 : (double)p->scale_factor_d512;
    for (uint32_t h = 0; h < p->n_heads; h++)
        for (uint32_t c = 0; c < dim; c++)
            ((float *)r->stored[T_Q])[h * dim + c] = (float)(((int)((37 * h + 11 * c) % 31) - 15) * 0.0626);
    for (uint32_t s = 0; s < p->n_kv_heads * p->kv_capacity; s++) {
        for (uint32_t c = 0; c < dim; c++) {
            ((uint8_t *)r->stored[T_K_IDX])[s * dim + c] = (uint8_t)(7 * s + 13 * c + c / 5);
            ((uint8_t *)r->stored[T_V_IDX])[s * dim + c] = (uint8_t)(11 * s + 29 * c + c / 3);
        }
        for (uint32_t b = 0; b < dim / 256; b++) {
            ((float *)r->stored[T_K_NORM])[s * (dim / 256) + b] = (float)(unit * (12 + 5 * s % 7 + b) / 16);
            ((float *)r->stored[T_V_NORM])[s * (dim / 256) + b] = (float)(unit * (10 + 3 * s % 5 + 2 * b) / 16);
        }
    }
}

static void check_golden(const char *name)
{
    char path[128];
    PARAMS p = { 0 };
    uint32_t dim;
    double want, rest;
    struct run r;
    snprintf(path, sizeof path, "tests/golden/flash_attn_vec_tq_hb/%s.txt", name);
    FILE *f = fopen(path, "r");
    if (!f) fail_msg("cannot read %s; run from the top folder", path);
    assert_int_equal(fscanf(f, "%u %u %u %u %u %f %u %u %u %u %f %u", &dim, &p.n_heads, &p.n_kv_heads, &p.kv_seq_len,
                            &p.kv_capacity, &p.scale, &p.mask_type, &p.sliding_window, &p.nwg, &p.ring_start,
                            &p.scale_factor_d512, &p.codebook_bits), 12);
    run_inputs(&r, op, dim == 256 ? dk256 : dk512, &p, 1, MXB_FILL_NORMAL);
    formula_inputs(&r, dim);
    run_oracle(&r);
    for (uint64_t i = 0; i < r.pr.nelem[T_DST]; i++) {
        assert_int_equal(fscanf(f, "%lf", &want), 1);
        if (!(fabs(r.oracle.t[T_DST].v[i] - want) <= 1e-12 * fmax(1, fabs(want))))
            fail_msg("%s: dst[%u] = %.17g, NumPy has %.17g", name, (unsigned)i, r.oracle.t[T_DST].v[i], want);
    }
    assert_int_equal(fscanf(f, "%lf", &rest), EOF);
    fclose(f);
    run_expect_cpu(&r, name);
    run_close(&r);
}

static void oracle_equals_numpy(void **state)
{
    static const char *const name[] = { "one_group", "groups", "ring_window", "d512", "d512_window", "partial_ring" };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(name); i++) check_golden(name[i]);
}

/* ---- which slots ---- */

/* The two runs that kernels use hold the slots of the rule: every small ring, start, length and window. */
static void runs_of_slots(void **state)
{
    uint64_t attended = 0;
    (void)state;
    for (uint32_t cap = 1; cap <= 9; cap++)
        for (uint32_t n = 1; n <= cap; n++)
            for (uint32_t start = 0; start < cap; start++)
                for (uint32_t window = 0; window <= cap + 1; window++)
                    for (uint32_t mask = 0; mask < 3; mask++) {
                        PARAMS p = shape(1, 1, n, cap);
                        p.ring_start = start, p.sliding_window = window, p.mask_type = mask;
                        const struct slots s = attended_slots(&p);
                        assert_true(s.hi1 <= s.lo0 || s.hi0 <= s.lo0);
                        for (uint32_t slot = 0; slot < cap; slot++) {
                            const bool in = (slot >= s.lo0 && slot < s.hi0) || slot < s.hi1;
                            assert_true(in == flash_attn_vec_tq_hb_attends(&p, slot));
                            attended += in;
                        }
                    }
    assert_true(attended > 10000);
}

/* A window keeps exactly `window` keys, the newest; a full ring keeps them wherever they lie. */
static void window_of_a_ring(void **state)
{
    PARAMS p = shape(1, 1, 8, 8);
    (void)state;
    p.mask_type = MASK_SLIDING, p.sliding_window = 3, p.ring_start = 2;      /* newest: slot 1, then 0, 7 */
    for (uint32_t s = 0; s < 8; s++) assert_true(flash_attn_vec_tq_hb_attends(&p, s) == (s < 2 || s == 7));
    p.ring_start = 0;                                                        /* newest: 7, 6, 5 */
    for (uint32_t s = 0; s < 8; s++) assert_true(flash_attn_vec_tq_hb_attends(&p, s) == (s >= 5));
    p = shape(1, 1, 3, 8), p.ring_start = 3;                                 /* no slot has a key */
    for (uint32_t s = 0; s < 8; s++) assert_false(flash_attn_vec_tq_hb_attends(&p, s));
}

static void no_key_gives_zeros(void **state)
{
    PARAMS p = shape(2, 1, 3, 8);
    (void)state;
    p.ring_start = 3;
    for (p.nwg = 1; p.nwg <= 2; p.nwg++) {
        struct run r;
        run_open(&r, op, dk256, &p, 1, MXB_FILL_NORMAL);
        for (uint64_t i = 0; i < 2 * 256 * p.nwg; i++) assert_true(r.oracle.t[T_DST].v[i] == 0);
        for (uint64_t i = 2 * 256 * p.nwg; i < r.pr.nelem[T_DST]; i += 2)
            assert_true(r.oracle.t[T_DST].v[i] == 0 && r.oracle.t[T_DST].v[i + 1] == -0x1.fffffep126);
        run_expect_cpu(&r, "no key");
        run_close(&r);
    }
}

/* ---- fills ---- */

/* Exact: weights are 0 or 1, values 1, 2 or 4, and what is not attended would win. */
static void exact_fill(void **state)
{
    (void)state;
    for (uint32_t bits = 5; bits <= 8; bits += bits == 5 ? 1 : 2)
        for (uint32_t k = 0; k < 12; k++) {
            PARAMS p = shape(6, 3, 45, 47);
            p.codebook_bits = bits, p.nwg = k % 2 ? 1 : 3, p.scale = k % 3 ? 0.0441941738f : -0.9f;
            p.mask_type = k % 4 > 2 ? 2 : k % 4, p.sliding_window = 11, p.ring_start = k % 5 ? 0 : 31;
            p.scale_factor_d512 = k % 2 ? 16 : 1;
            struct run r;
            run_open(&r, op, k % 2 ? dk512 : dk256, &p, k, MXB_FILL_EXACT);
            const uint64_t sums = UINT64_C(6) * (k % 2 ? 512 : 256) * p.nwg;
            uint32_t nonzero = 0;
            for (uint64_t i = 0; i < sums; i++) {
                const double v = mxb_round(MXB_F32, r.oracle.t[T_DST].v[i]);
                assert_true(v * 4 == nearbyint(v * 4));
                nonzero += v != 0;
            }
            assert_true(nonzero > sums / 4);
            run_expect_cpu(&r, "exact");
            run_close(&r);
        }
}

static void cpu_kernels(void **state)
{
    static const uint32_t n[] = { 1, 2, 31, 32, 33, 63, 64, 65, 100 };
    (void)state;
    for (int fill = 0; fill < MXB_NFILL; fill++)
        for (uint32_t k = 0; k < MXB_COUNT(n); k++)
            for (uint32_t nwg = 1; nwg <= 4; nwg += 3) {
                PARAMS p = shape(k % 2 ? 12 : 3, 3, n[k], n[k] + k % 3);
                struct run r;
                if (!(op->fills >> fill & 1)) continue;
                p.nwg = nwg, p.codebook_bits = k % 3 ? k % 3 + 4 : 8, p.scale = k % 4 ? 0.0625f : 1;
                p.mask_type = k % 2 ? 2 : 1, p.sliding_window = 20, p.scale_factor_d512 = k % 2 ? 1 : 22.627417f;
                run_open(&r, op, k % 2 ? dk256 : dk512, &p, 3, (enum mxb_fill)fill);
                run_expect_cpu(&r, "every fill");
                run_close(&r);
            }
}

/* ---- upstream's cases: Q by the rotation of Gauss-D numbers, keys and values through the encoder's arithmetic ---- */

static void encode(uint64_t seed, uint32_t bits, uint8_t *idx, float *norm)
{
    double in[256], z[256], var[256], sum = 0;
    float x[256];
    gauss_d(seed, x, 256);
    for (uint32_t j = 0; j < 256; j++) in[j] = tq_oracle_sign(j) * (double)x[j];
    tq_oracle_butterflies(in, 256, z, var);
    for (uint32_t j = 0; j < 256; j++) sum += z[j] * z[j];
    *norm = (float)sqrt(sum);
    for (uint32_t j = 0; j < 256; j++) idx[j] = (uint8_t)tq_oracle_index(bits, z[j] / sqrt(sum) * 16);
}

static void upstream_cases(void **state)
{
    static const struct { uint32_t bits, h, hkv, n, window; uint64_t seed; } cases[] = {
        { 5, 4, 2, 32, 0, 0xBABE }, { 6, 4, 2, 32, 0, 0xDEADBEEF }, { 8, 8, 4, 64, 0, 0xC25EED },
        { 8, 8, 4, 256, 64, 0xCAFE }, { 8, 32, 4, 1024, 0, 0x4426 },
    };
    (void)state;
    for (size_t k = 0; k < MXB_COUNT(cases); k++) {
        PARAMS p = shape(cases[k].h, cases[k].hkv, cases[k].n, cases[k].n);
        p.codebook_bits = cases[k].bits, p.nwg = 1;
        p.mask_type = cases[k].window ? 2 : 1, p.sliding_window = cases[k].window;
        struct run r;
        run_inputs(&r, op, dk256, &p, 1, MXB_FILL_NORMAL);
        gauss_d(cases[k].seed * 13, r.stored[T_Q], p.n_heads * 256);
        for (uint64_t s = 0; s < (uint64_t)p.n_kv_heads * p.kv_capacity; s++) {
            const uint64_t seed = cases[k].seed + 1024 * (s / p.kv_capacity) + s % p.kv_capacity;
            encode(seed, p.codebook_bits, (uint8_t *)r.stored[T_K_IDX] + s * 256, (float *)r.stored[T_K_NORM] + s);
            encode(7 * seed, p.codebook_bits, (uint8_t *)r.stored[T_V_IDX] + s * 256, (float *)r.stored[T_V_NORM] + s);
        }
        run_oracle(&r);
        run_expect_cpu(&r, "upstream");
        run_close(&r);
    }
}

/* ---- the error scale ---- */

static double verdict(struct run *r, void (*spoil)(struct run *))
{
    assert_true(run_cpu(r, 2));
    assert_int_equal(run_judge(r).status, ST_PASS);
    spoil(r);
    const struct check_report c = run_judge(r);
    return c.status == ST_FAIL ? 1 : 0;
}

static void one_column(struct run *r) { ((float *)r->got[T_DST])[77] *= 1 + 0x1p-12f; }
static void all_columns(struct run *r)
{
    for (uint32_t i = 0; i < 256; i++) ((float *)r->got[T_DST])[i] *= 1 + 0x1p-15f;
}
static void maximum(struct run *r) { ((float *)r->got[T_DST])[r->pr.nelem[T_DST] - 1] += 0x1p-12f; }
static void sum_of_weights(struct run *r) { ((float *)r->got[T_DST])[r->pr.nelem[T_DST] - 2] *= 1 + 0x1p-12f; }

static void wrong_outputs_fail(void **state)
{
    PARAMS p = shape(2, 1, 64, 64);
    struct run r;
    (void)state;
    p.nwg = 1;
    run_open(&r, op, dk256, &p, 5, MXB_FILL_NORMAL);
    assert_true(verdict(&r, one_column) == 1 && verdict(&r, all_columns) == 1);
    run_close(&r);
    p.nwg = 2;
    run_open(&r, op, dk256, &p, 5, MXB_FILL_NORMAL);
    assert_true(verdict(&r, maximum) == 1 && verdict(&r, sum_of_weights) == 1);
    run_close(&r);
}

/* ---- argument checks and accounting ---- */

static void rejected(PARAMS p, const char *text) { run_rejects(op, dk512, &p, text); }

static void bad_arguments_are_rejected(void **state)
{
    PARAMS p = shape(4, 2, 8, 8);
    (void)state;
#define BAD(member, value, text) do { p = shape(4, 2, 8, 8); p.member = value; rejected(p, text); } while (0)
    BAD(n_heads, 0, "n_heads");
    BAD(n_kv_heads, 0, "n_kv_heads");
    BAD(n_kv_heads, 3, "n_heads (4) must be divisible by n_kv_heads (3)");
    BAD(kv_seq_len, 0, "kv_seq_len");
    BAD(kv_capacity, 7, "kv_capacity (7) must be at least kv_seq_len (8)");
    BAD(codebook_bits, 4, "codebook_bits");
    BAD(codebook_bits, 9, "codebook_bits");
    BAD(codebook_bits, 7, "codebook_bits must be 5, 6 or 8");
    BAD(ring_start, 8, "ring_start (8) is not below kv_capacity (8)");
    BAD(scale_factor_d512, 0, "scale_factor_d512");
    BAD(scale, 0, "scale (0)");
    BAD(scale, NAN, "scale");
    BAD(mask_type, 3, "mask_type");
    BAD(nwg, 0, "nwg");
    BAD(nwg, 33, "nwg");
    p = shape(1024, 1024, 1, 8192);
    rejected(p, "2^32");
}

static void work_is_counted(void **state)
{
    PARAMS p = shape(16, 8, 100, 128);
    struct run r;
    (void)state;
    p.mask_type = 2, p.sliding_window = 40;
    run_inputs(&r, op, dk512, &p, 1, MXB_FILL_NORMAL);
    assert_true(op->flops(&r.pr) == 4.0 * 16 * 512 * 40);
    assert_true(problem_min_bytes(&r.pr) == 2.0 * 8 * 40 * (512 + 8) + 4 * (16 * 512 + 16 * 16 * 514));
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
        cmocka_unit_test(oracle_equals_numpy),
        cmocka_unit_test(runs_of_slots),
        cmocka_unit_test(window_of_a_ring),
        cmocka_unit_test(no_key_gives_zeros),
        cmocka_unit_test(exact_fill),
        cmocka_unit_test(cpu_kernels),
        cmocka_unit_test(upstream_cases),
        cmocka_unit_test(wrong_outputs_fail),
        cmocka_unit_test(bad_arguments_are_rejected),
        cmocka_unit_test(work_is_counted),
        cmocka_unit_test(tables_are_consistent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
