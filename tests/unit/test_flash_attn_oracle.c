/* Tests flash_attn_prefill's oracle against NumPy's vectors and on special values, its error scales against f32
 * arithmetic that is right and wrong, its argument checks, figures and tables. */
#include "flash_attn_oracle_fixture.h"
#include "harness/plan.h"

/* ---- the oracle against NumPy ---- */

/* As in scripts/golden/flash_attn_prefill.py. */
static double uniform(uint64_t seed, uint64_t i)
{
    uint64_t x = (i + (seed << 32)) * 0x9E3779B97F4A7C15;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
    x = (x ^ x >> 27) * 0x94D049BB133111EB;
    x ^= x >> 31;
    return (double)(x >> 41) * 0x1p-22 - 1;
}

static double golden_cell(const struct mxb_problem *pr, uint64_t seed, uint64_t i)
{
    const params *p = pr->params;
    const double u = uniform(seed + 300, i);
    const bool blocked = i / p->seq_len_k % p->seq_len_q == 1;
    if (pr->dtype[T_MASK] == MXB_BOOL)
        return !blocked && u >= -0.5;
    return blocked || u < -0.6 ? -INFINITY : mxb_round(pr->dtype[T_MASK], u < -0.5 ? -1e4 : u < 0.2 ? 0 : 3 * u);
}

enum { FIGURES = 9 };                /* of a row of a golden file */

static void check_row(const char *name, uint64_t row, uint64_t d, const struct mxb_ref *o, const double *want)
{
    const double *v = o->v + row * d, *p = o->p + row * d, *x = o->x + row * d;
    double sum = 0;
    for (uint64_t c = 0; c < d; c++)
        sum += (double)(c + 1) * v[c];
    const double got[FIGURES] = { v[0], v[1], v[d / 2], v[d - 1], sum, p[0], p[d - 1], x[0], x[d - 1] };
    const double unit[FIGURES] = { 1e-13, 1e-13, 1e-13, 1e-13, 1e-9, 1e-13, 1e-13, 1e-11 * want[7], 1e-11 * want[8] };
    for (int i = 0; i < FIGURES; i++)
        if (!(fabs(got[i] - want[i]) <= unit[i]))
            fail_msg("%s, row %d, figure %d: %.17g, NumPy has %.17g", name, (int)row, i, got[i], want[i]);
}

static void check_golden(const char *name)
{
    char path[128], entry[80];
    unsigned seed;
    params p = defaults();
    double scale, want[FIGURES];
    snprintf(path, sizeof path, "tests/golden/flash_attn_prefill/%s.txt", name);
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("cannot read %s; run from the top folder", path);
    const int n = fscanf(f, "%79s %u %u %u %u %u %u %lf %u %u %u %u", entry, &p.batch, &p.n_heads, &p.n_kv_heads,
                         &p.seq_len_q, &p.seq_len_k, &p.q_offset, &scale, &p.mask, &p.do_causal, &p.narrow_q, &seed);
    assert_int_equal(n, 12);
    p.scale = (float)scale;
    struct mxb_problem pr;
    char err[MXB_ERRLEN] = "";
    assert_non_null(ops_entry(op, entry));
    assert_int_equal(problem_init(&pr, op, ops_entry(op, entry), &p, 1, MXB_FILL_NORMAL, err, sizeof err), 0);
    double *v[6], *scale_p = calloc(pr.nelem[T_O], sizeof *scale_p), *extra = calloc(pr.nelem[T_O], sizeof *extra);
    for (uint32_t t = 0; t < 6; t++) {
        v[t] = calloc(pr.nelem[t] + 1, sizeof *v[t]);
        for (uint64_t i = 0; i < pr.nelem[t] && t < T_O; i++)
            v[t][i] = mxb_round(pr.dtype[t], (t == T_Q ? 4 : 1) * uniform(seed + 100 * t, i));
        for (uint64_t i = 0; i < pr.nelem[t] && t == T_MASK; i++)
            v[t][i] = golden_cell(&pr, seed, i);
    }
    const struct mxb_ref ref[6] = { { .v = v[T_Q] }, { .v = v[T_K] }, { .v = v[T_V] },
                                    { .v = v[T_O], .p = scale_p, .x = extra }, { .v = v[T_MASK] } };
    const uint64_t rows = (uint64_t)p.batch * p.n_heads * p.seq_len_q, d = pr.nelem[T_O] / rows;
    op->reference(&pr, ref, 0, (int64_t)rows);
    for (uint64_t row = 0; row < rows; row++) {
        for (int i = 0; i < FIGURES; i++)
            assert_int_equal(fscanf(f, "%lf", &want[i]), 1);
        check_row(name, row, d, &ref[T_O], want);
    }
    assert_int_equal(fscanf(f, "%lf", &want[0]), EOF);
    fclose(f);
    for (uint32_t t = 0; t < 6; t++)
        free(v[t]);
    free(scale_p), free(extra);
}

static void oracle_equals_numpy(void **state)
{
    static const char *const name[] = {
        "bf16", "bf16_scale_1", "bf16_no_narrowing", "bf16_causal", "bf16_causal_offset", "bf16_more_queries",
        "bf16_rank2", "bf16_rank4", "bf16_bool_rank2", "f16_bool_rank4", "f16_grouped", "f16_d512", "bf16_d512", "f32",
        "f32_bool_no_narrowing", "alias",
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(name); i++)
        check_golden(name[i]);
}

/* A NaN in V under a blocked key stays there, one under an attended key and one in Q come through; a row that attends
 * nothing is +0, also where its scores are only below every start of a running maximum; one whose keys are all blocked softly
 * attends them alike; rows outside the range are left alone. */
static void oracle_of_special_values(void **state)
{
    enum { D = 256, QL = 6, KL = 3 };
    params p = defaults();
    p.n_heads = p.n_kv_heads = 1, p.seq_len_q = QL, p.seq_len_k = KL, p.mask = MASK_RANK2;
    struct mxb_problem pr;
    char err[MXB_ERRLEN];
    static double q[QL * D], k[KL * D], v[KL * D], o[QL * D], scale[QL * D], extra[QL * D];
    double mask[QL * KL] = { 0, 0, -INFINITY,  -INFINITY, -INFINITY, -INFINITY,  0, 0, 0,  0, 0, 0,
                             -1e4, -1e4, -INFINITY,  -0x1.fep127, -0x1.fep127, -INFINITY };
    const struct mxb_ref t[6] = { { .v = q }, { .v = k }, { .v = v }, { .v = o, .p = scale, .x = extra }, { .v = mask } };
    (void)state;
    assert_int_equal(problem_init(&pr, op, ops_entry(op, BF16), &p, 1, MXB_FILL_NORMAL, err, sizeof err), 0);
    for (int i = 0; i < KL * D; i++)
        v[i] = i / D;
    for (int i = 0; i < QL * D; i++)
        o[i] = -7;
    v[2 * D] = NAN;
    q[3 * D + 9] = NAN;
    op->reference(&pr, t, 0, 3);
    for (int c = 0; c < D; c++) {
        assert_true(o[c] == 0.5 && o[D + c] == 0 && !signbit(o[D + c]) && scale[D + c] == 0);
        assert_true(c == 0 ? isnan(o[2 * D + c]) : fabs(o[2 * D + c] - 1) < 1e-15);
        assert_true(o[3 * D + c] == -7);
    }
    op->reference(&pr, t, 3, 6);
    for (int c = 0; c < D; c++)
        assert_true(isnan(o[3 * D + c]) && o[4 * D + c] == 0.5 && o[5 * D + c] == 0 && !signbit(o[5 * D + c]));
}

/* ---- the error scales ---- */

static void open_causal(struct run *r, const char *entry, enum mxb_fill fill, uint32_t length, float scale)
{
    params p = defaults();
    p.n_heads = 2, p.n_kv_heads = 1, p.seq_len_q = p.seq_len_k = length, p.do_causal = 1, p.scale = scale;
    run_open(r, entry, p, fill, 8, 8);
}

/* Sums in either order, an exp2 that is always off by all of its 3 + 2|x| ulp, and a division by all of its 2.5, pass:
 * also where a row has one or two keys, whose errors nothing averages out, and with a scale so small that all weights are
 * alike and the errors of exp2 are the largest. */
static void permitted_arithmetic_passes(void **state)
{
    static const char *const entry[] = { BF16, F16, F32 };
    static const uint32_t length[] = { 1, 2, 4, 23, 60 };
    static const struct quality good[] = {
        { .backward = false }, { .backward = true }, { .exp2_error = 1 }, { .exp2_error = -1, .div_ulp = 2.5f },
        { .exp2_error = 1, .div_ulp = -2.5f, .backward = true },
    };
    (void)state;
    for (size_t e = 0; e < MXB_COUNT(entry); e++)
        for (size_t n = 0; n < MXB_COUNT(length); n++)
            for (int fill = 0; fill <= MXB_FILL_LARGE; fill += MXB_FILL_LARGE)
                for (int flat = 0; flat < 2; flat++) {
                    struct run r;
                    open_causal(&r, entry[e], (enum mxb_fill)fill, length[n], flat ? 0x1p-14f : 0.0625f);
                    for (size_t i = 0; i < MXB_COUNT(good); i++) {
                        const struct check_report c = check_f32(&r, good[i]);
                        if (c.status != ST_PASS)
                            fail_msg("%s, %u keys, fill %d, flat %d, quality %zu: %s", entry[e], length[n], fill, flat, i,
                                     c.text);
                    }
                    run_close(&r);
                }
}

/* An honest f32 kernel uses a good part of the scale, not a vanishing one.  One rounding to T is at most u of the result,
 * one sigma, and has an rms of 0.3 to 0.6 of it, by how the results lie between powers of two. */
static void scale_is_not_wide(void **state)
{
    static const struct { const char *entry; double rms_lo, rms_hi, max; } row[] = {
        { BF16, 0.3, 0.6, 1.2 }, { F16, 0.3, 0.6, 1.5 }, { F32, 0.1, 0.6, 2.5 },
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(row); i++)
        for (int fill = 0; fill <= MXB_FILL_LARGE; fill += MXB_FILL_LARGE) {
            struct run r;
            open_causal(&r, row[i].entry, (enum mxb_fill)fill, 23, 0.0625f);
            const struct check_report c = check_f32(&r, (struct quality){ .backward = false });
            if (!(c.err_rms > row[i].rms_lo && c.err_rms < row[i].rms_hi && c.err_max < row[i].max))
                fail_msg("%s fill %d: rms %g max %g", row[i].entry, fill, c.err_rms, c.err_max);
            run_close(&r);
        }
}

/* What must not pass, in the widest type in which it can be told from a rounding.  The last of 23 query rows has a rising
 * ramp under the large fill: its last key counts most, so that dropping it shows. */
static void wrong_arithmetic_fails(void **state)
{
    static const struct quality everywhere[] = {
        { .drop = 1 }, { .peek = 1 }, { .factor = 1.01f }, { .unscaled_o = true }, { .unscaled_l = true },
        { .narrow_p = MXB_BF16 },
    };
    static const struct { const char *entry; enum mxb_fill fill; struct quality q; } fine[] = {
        { BF16, MXB_FILL_NORMAL, { .wide_alpha = true } }, { BF16, MXB_FILL_LARGE, { .wide_alpha = true } },
        { F16, MXB_FILL_NORMAL, { .wide_alpha = true } },  { F16, MXB_FILL_NORMAL, { .factor = 1.001f } },
        { F16, MXB_FILL_NORMAL, { .narrow_p = MXB_F16 } }, { F32, MXB_FILL_NORMAL, { .narrow_p = MXB_F16 } },
        { F32, MXB_FILL_LARGE, { .narrow_p = MXB_F16 } },  { F32, MXB_FILL_NORMAL, { .factor = 1.00001f } },
        { F32, MXB_FILL_NORMAL, { .div_ulp = 16 } },       { F32, MXB_FILL_LARGE, { .div_ulp = 16 } },
        { F32, MXB_FILL_NORMAL, { .exp2_error = 16 } },
    };
    static const char *const entry[] = { BF16, F16, F32 };
    (void)state;
    for (size_t e = 0; e < MXB_COUNT(entry); e++)
        for (int fill = 0; fill <= MXB_FILL_LARGE; fill += MXB_FILL_LARGE) {
            struct run r;
            open_causal(&r, entry[e], (enum mxb_fill)fill, 23, 0.0625f);
            for (size_t i = 0; i < MXB_COUNT(everywhere); i++)
                if (check_f32(&r, everywhere[i]).status != ST_FAIL)
                    fail_msg("%s fill %d: wrong arithmetic %zu passes", entry[e], fill, i);
            run_close(&r);
        }
    for (size_t i = 0; i < MXB_COUNT(fine); i++) {
        struct run r;
        open_causal(&r, fine[i].entry, fine[i].fill, 23, 0.0625f);
        const struct check_report c = check_f32(&r, fine[i].q);
        if (c.status != ST_FAIL)
            fail_msg("fine wrong arithmetic %zu passes: rms %g max %g", i, c.err_rms, c.err_max);
        run_close(&r);
    }
}

/* V times `factor`, and the oracle's answer to that. */
static void scale_values(struct run *r, double factor)
{
    char err[MXB_ERRLEN] = "";
    for (uint64_t i = 0; i < r->pr.nelem[T_V]; i++)
        mxb_store(r->pr.dtype[T_V], r->stored[T_V], i, factor * mxb_load(r->pr.dtype[T_V], r->stored[T_V], i));
    oracle_free(&r->oracle);
    if (oracle_run(&r->pr, r->stored, &r->set, 1, &r->oracle, err, sizeof err) != 0)
        fail_msg("%s", err);
}

/* An impl that declares that it narrows may round its weights to T, and in bf16 lose what is below 2^-126; no other impl may,
 * and neither may it keep fewer bits or lose more. */
static void declared_narrowing(void **state)
{
    static const struct {
        const char *entry;
        struct quality q;
        double factor;               /* of V */
        enum mxb_status narrow, plain;
    } row[] = {
        { BF16, { .narrow_p = MXB_BF16, .narrow_l = true }, 1, ST_PASS, ST_FAIL },
        { BF16, { .narrow_p = MXB_BF16, .narrow_l = true, .flush = true, .backward = true }, 1, ST_PASS, ST_FAIL },
        { F16, { .narrow_p = MXB_F16, .narrow_l = true }, 1, ST_PASS, ST_FAIL },
        { BF16, { .narrow_p = MXB_BF16, .narrow_l = true, .flush = true }, 0x1p-126, ST_PASS, ST_FAIL },
        { BF16, { .narrow_p = MXB_BF16, .narrow_l = true, .flush = true }, 0x1p-125, ST_PASS, ST_FAIL },
        { BF16, { .cut_p = true }, 1, ST_FAIL, ST_FAIL },
        { BF16, { .narrow_p = MXB_BF16, .narrow_l = true, .drop = 1 }, 1, ST_FAIL, ST_FAIL },
        { BF16, { .narrow_p = MXB_BF16, .narrow_l = true, .flush = true, .drop = 1 }, 0x1p-118, ST_FAIL, ST_FAIL },
        { F16, { .cut_p = true }, 1, ST_FAIL, ST_FAIL },
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(row); i++)
        for (int narrow = 0; narrow < 2; narrow++) {
            struct run r;
            open_causal(&r, row[i].entry, MXB_FILL_NORMAL, 23, 0.0625f);
            scale_values(&r, row[i].factor);
            const struct check_report c = check_as(&r, row[i].q, &(struct mxb_impl){ .acc = MXB_F32, .narrow = narrow });
            if (c.status != (narrow ? row[i].narrow : row[i].plain))
                fail_msg("row %zu, narrow %d: %s, rms %g max %g %s", i, narrow, status_name(c.status), c.err_rms, c.err_max,
                         c.text);
            run_close(&r);
        }
}

/* ---- arguments, figures, plans ---- */

static void rejects(params p, const char *text)
{
    struct mxb_problem pr;
    char err[MXB_ERRLEN] = "";
    assert_int_equal(problem_init(&pr, op, ops_entry(op, BF16), &p, 1, MXB_FILL_NORMAL, err, sizeof err), MXB_EINVAL);
    assert_non_null(strstr(err, "Invalid argument: "));
    if (!strstr(err, text))
        fail_msg("'%s' does not tell '%s'", err, text);
}

static void arguments(void **state)
{
    params p;
    (void)state;
    p = defaults(), p.has_blk = 1;
    rejects(p, "has_blk needs a mask");
    p = defaults(), p.n_heads = 16, p.n_kv_heads = 7;
    rejects(p, "n_heads (16) must be divisible by n_kv_heads (7)");
    p = defaults(), p.n_heads = 2, p.n_kv_heads = 4;
    rejects(p, "must be divisible");
    static const size_t sizes[] = { offsetof(params, batch), offsetof(params, n_heads), offsetof(params, n_kv_heads),
                                    offsetof(params, seq_len_q), offsetof(params, seq_len_k) };
    for (size_t i = 0; i < MXB_COUNT(sizes); i++) {
        p = defaults();
        memset((char *)&p + sizes[i], 0, 4);
        rejects(p, " = 0 is outside 1..");
    }
    p = defaults(), p.scale = 0;
    rejects(p, "scale (0) must be at least 2^-14");
    p = defaults(), p.scale = NAN;
    rejects(p, "scale");
    p = defaults(), p.batch = 4096, p.seq_len_q = 4194304;
    rejects(p, "Q or K would have more than 2^32 elements");
    p = defaults(), p.mask = MASK_RANK2, p.seq_len_q = 65536, p.seq_len_k = 65537;
    rejects(p, "the mask would have more than 2^32 elements");
    p = defaults(), p.mask = MASK_RANK4, p.seq_len_q = 65536, p.seq_len_k = 65536;
    rejects(p, "the mask would have more than 2^32 elements");
}

/* Numbers of attended pairs as published. */
static void figures(void **state)
{
    static const struct { uint32_t length, causal, window; double pairs; } row[] = {
        { 2455, 1, 0, 3014740 }, { 4096, 1, 0, 8390656 }, { 2455, 0, 1024, 1990144 }, { 4096, 1, 1024, 3670528 },
        { 300, 0, 0, 90000 },
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(row); i++) {
        struct mxb_problem pr;
        char err[MXB_ERRLEN];
        params p = defaults();
        p.n_heads = 4, p.seq_len_q = p.seq_len_k = row[i].length, p.do_causal = row[i].causal;
        p.mask = row[i].window ? MASK_RANK2 : MASK_NONE, p.window = row[i].window ? row[i].window : 1;
        assert_int_equal(problem_init(&pr, op, ops_entry(op, BF16), &p, 1, MXB_FILL_NORMAL, err, sizeof err), 0);
        assert_true(op->flops(&pr) == 4.0 * 4 * 256 * row[i].pairs);
        assert_true(problem_min_bytes(&pr) == 2.0 * 256 * row[i].length * (2 * 4 + 2 * 2) +
                    (row[i].window ? 2.0 * row[i].length * row[i].length : 0));
    }
}

static int plan_on(uint64_t local_bytes, const char *entry, const struct tile_value *tile, uint32_t ntile,
                   struct plan *plan, char *why)
{
    const struct mxb_caps caps = {
        .features = MXB_FEAT_F16_STORAGE | MXB_FEAT_U8_STORAGE, .max_wg = 256, .max_wg_dim = { 256, 256, 64 },
        .max_groups = { 65535, 65535, 65535 }, .push_bytes = 128, .max_bind = 8, .local_bytes = local_bytes,
        .mem_bytes = 1 << 30, .max_buffer = 1 << 30,
    };
    static params p;
    struct mxb_problem pr;
    p = defaults();
    assert_int_equal(problem_init(&pr, op, ops_entry(op, entry), &p, 1, MXB_FILL_NORMAL, why, MXB_ERRLEN), 0);
    return plan_make(&pr, "cl", &caps, -1, tile, ntile, plan, why, MXB_ERRLEN);
}

/* The tables are consistent; every entry runs with 32 KiB of local memory; an f32 tile that does not fit says so. */
static void plans(void **state)
{
    static const struct tile_value named[] = { { "BQ", 32 }, { "BK", 16 } }, odd[] = { { "BQ", 24 }, { "RQ", 16 } };
    static struct plan plan;
    char why[MXB_ERRLEN] = "";
    (void)state;
    if (ops_check(op, why, sizeof why) != 0)
        fail_msg("%s", why);
    assert_int_equal(op->nentry, 26);
    for (uint32_t i = 0; i < op->nentry; i++)
        if (plan_on(32768, op->entry[i].name, NULL, 0, &plan, why) != 0)
            fail_msg("%s", why);
    assert_int_equal(plan_on(65536, F32, NULL, 0, &plan, why), 0);
    assert_non_null(strstr(plan.tile_text, "BQ=32 BK=16"));
    assert_int_equal(plan_on(32768, F32, named, 2, &plan, why), MXB_EUNSUP);
    assert_non_null(strstr(why, "needs 53504 bytes of local memory, the device has 32768"));
    assert_int_equal(plan_on(32768, BF16, odd, 2, &plan, why), MXB_EUNSUP);
    assert_non_null(strstr(why, "BQ must be a multiple of RQ"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oracle_equals_numpy), cmocka_unit_test(oracle_of_special_values),
        cmocka_unit_test(permitted_arithmetic_passes), cmocka_unit_test(scale_is_not_wide),
        cmocka_unit_test(wrong_arithmetic_fails), cmocka_unit_test(declared_narrowing), cmocka_unit_test(arguments),
        cmocka_unit_test(figures), cmocka_unit_test(plans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
