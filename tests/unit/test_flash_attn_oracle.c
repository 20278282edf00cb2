/* Tests flash_attn_prefill's oracle against NumPy's vectors, its error scales against f32 arithmetic that is right and
 * wrong, the promises of its fills, its masks and tile classes, and its argument checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/check.h"
#include "harness/ops.h"
#include "harness/plan.h"
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_host.h"

extern const struct mxb_op mxb_op_flash_attn_prefill;
static const struct mxb_op *const op = &mxb_op_flash_attn_prefill;
typedef struct flash_attn_prefill_params params;

#define BF16 "flash_attn_prefill_bf16_d256"
#define F16_BOOL "flash_attn_prefill_f16_d256_boolmask"
#define F32 "steel_attention_float32_bq32_bk16_bd256_wm4_wn1_maskfloat32"

static params defaults(void)
{
    params p;
    ops_defaults(op, &p);
    return p;
}

struct run {                         /* one problem with its inputs and what the oracle says */
    params p;
    struct mxb_problem pr;
    struct item_set set;
    struct oracle oracle;
    void *stored[6];
};

/* bq, bk: tile of blk.  Not to be copied: pr points into it. */
static void run_open(struct run *r, const char *entry, params p, enum mxb_fill fill, int bq, int bk)
{
    struct scope tile = { .n = 0 };
    char err[MXB_ERRLEN] = "";
    *r = (struct run){ .p = p };
    assert_non_null(ops_entry(op, entry));
    if (problem_init(&r->pr, op, ops_entry(op, entry), &r->p, 5, fill, err, sizeof err) != 0)
        fail_msg("%s", err);
    scope_add(&tile, "BQ", val_int(bq));
    scope_add(&tile, "BK", val_int(bk));
    assert_int_equal(problem_nelem(&r->pr, T_BLK, &tile, &r->pr.nelem[T_BLK], err, sizeof err), 0);
    for (uint32_t t = 0; t < 6; t++) {
        r->stored[t] = calloc(problem_bytes(&r->pr, t) + 1, 1);
        assert_non_null(r->stored[t]);
        if (problem_reads(&r->pr, t))
            problem_fill(&r->pr, t, r->stored, t == T_BLK ? &tile : NULL, r->stored[t]);
    }
    if (item_set_make(&r->pr, 0, &r->set, err, sizeof err) != 0 ||
        oracle_run(&r->pr, r->stored, &r->set, 1, &r->oracle, err, sizeof err) != 0)
        fail_msg("%s", err);
}

static void run_close(struct run *r)
{
    oracle_free(&r->oracle);
    item_set_free(&r->set);
    for (uint32_t t = 0; t < 6; t++)
        free(r->stored[t]);
}

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

static void check_row(const char *name, uint64_t row, uint64_t d, const double *o, const double *p, const double *want)
{
    double sum = 0;
    for (uint64_t c = 0; c < d; c++)
        sum += (double)(c + 1) * o[c];
    const double got[7] = { o[0], o[1], o[d / 2], o[d - 1], sum, p[0], p[d - 1] };
    for (int i = 0; i < 7; i++)
        if (!(fabs(got[i] - want[i]) <= (i == 4 ? 1e-9 : 1e-13)))
            fail_msg("%s, row %d, figure %d: %.17g, NumPy has %.17g", name, (int)row, i, got[i], want[i]);
}

static void check_golden(const char *name)
{
    char path[128], entry[80];
    unsigned seed;
    params p = defaults();
    double scale, want[7];
    snprintf(path, sizeof path, "tests/golden/flash_attn_prefill/%s.txt", name);
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("cannot read %s; run from the top folder", path);
    assert_int_equal(fscanf(f, "%79s %u %u %u %u %u %u %lf %u %u %u %u", entry, &p.batch, &p.n_heads, &p.n_kv_heads,
                            &p.seq_len_q, &p.seq_len_k, &p.q_offset, &scale, &p.mask, &p.do_causal, &p.narrow_q, &seed), 12);
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
                                    { .v = v[T_O], .p = scale_p, .x = extra }, { .v = v[T_MASK] }, { .v = NULL } };
    const uint64_t rows = (uint64_t)p.batch * p.n_heads * p.seq_len_q, d = pr.nelem[T_O] / rows;
    op->reference(&pr, ref, 0, (int64_t)rows);
    for (uint64_t row = 0; row < rows; row++) {
        for (int i = 0; i < 7; i++)
            assert_int_equal(fscanf(f, "%lf", &want[i]), 1);
        check_row(name, row, d, v[T_O] + row * d, scale_p + row * d, want);
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
        "bf16", "bf16_scale_1", "bf16_no_narrowing", "bf16_causal", "bf16_causal_offset", "bf16_more_queries", "bf16_rank2",
        "bf16_rank4", "bf16_bool_rank2", "f16_bool_rank4", "f16_grouped", "f16_d512", "bf16_d512", "f32",
        "f32_bool_no_narrowing", "alias",
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(name); i++)
        check_golden(name[i]);
}

/* A NaN in V under a blocked key stays there, one under an attended key and one in Q come through; a row that attends
 * nothing is +0; rows outside the range are left alone. */
static void oracle_of_special_values(void **state)
{
    enum { D = 256, QL = 4, KL = 3 };
    params p = defaults();
    p.n_heads = p.n_kv_heads = 1, p.seq_len_q = QL, p.seq_len_k = KL, p.mask = MASK_RANK2;
    struct mxb_problem pr;
    char err[MXB_ERRLEN];
    static double q[QL * D], k[KL * D], v[KL * D], o[QL * D], scale[QL * D], extra[QL * D];
    double mask[QL * KL] = { 0, 0, -INFINITY,  -INFINITY, -INFINITY, -INFINITY,  0, 0, 0,  0, 0, 0 };
    const struct mxb_ref t[6] = { { .v = q }, { .v = k }, { .v = v }, { o, scale, extra }, { .v = mask }, { .v = NULL } };
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
    op->reference(&pr, t, 3, 4);
    for (int c = 0; c < D; c++)
        assert_true(isnan(o[3 * D + c]));
}

/* ---- f32 attention, right and wrong ---- */

struct quality {
    bool backward;                   /* sums and keys in descending order */
    bool wide_alpha;                 /* alpha and Q' are not narrowed */
    bool unscaled_o, unscaled_l;     /* the state is not rescaled to a new maximum */
    uint32_t drop, peek;             /* keys left out at the end; future keys let in */
    float factor;                    /* of the scale, 0 = 1 */
};

struct rows { const double *q, *k, *v, *mask; uint32_t d; };

static float dot(const struct rows *x, uint32_t key, bool backward, float alpha, enum mxb_dtype narrow)
{
    float s = 0;
    for (uint32_t i = 0; i < x->d; i++) {
        const uint32_t c = backward ? x->d - 1 - i : i;
        s += (float)mxb_round(narrow, (double)(alpha * (float)x->q[c])) * (float)x->k[(uint64_t)key * x->d + c];
    }
    return s;
}

static void attend(const struct run *r, const struct quality *f, uint64_t item, const struct rows *x, void *out)
{
    const params *p = &r->p;
    const enum mxb_dtype dt = r->pr.dtype[T_Q], narrow = f->wide_alpha || !p->narrow_q ? MXB_F32 : dt;
    const float scaled = p->scale * (f->factor != 0 ? f->factor : 1) * 1.44269504f, alpha = (float)mxb_round(narrow, (double)scaled);
    const uint32_t row = (uint32_t)(item % p->seq_len_q);
    float o[HEAD_DIM_MAX] = { 0 }, m = -0x1p126f, l = 0;
    for (uint32_t i = 0; i + f->drop < p->seq_len_k; i++) {
        const uint32_t k = f->backward ? p->seq_len_k - 1 - f->drop - i : i;
        float s = p->narrow_q ? dot(x, k, f->backward, alpha, narrow) : dot(x, k, f->backward, 1, MXB_F32) * scaled;
        if (p->do_causal && k > row + p->q_offset + f->peek)
            continue;
        if (x->mask && r->pr.dtype[T_MASK] != MXB_BOOL)
            s += 1.44269504f * (float)x->mask[k];
        if (s == -INFINITY || (x->mask && r->pr.dtype[T_MASK] == MXB_BOOL && x->mask[k] == 0))
            continue;
        const float top = s > m ? s : m, scale = exp2f(m - top), w = exp2f(s - top);
        l = l * (f->unscaled_l ? 1 : scale) + w;
        for (uint32_t c = 0; c < x->d; c++)
            o[c] = o[c] * (f->unscaled_o ? 1 : scale) + w * (float)x->v[(uint64_t)k * x->d + c];
        m = top;
    }
    for (uint32_t c = 0; c < x->d; c++)
        mxb_store(dt, out, item * x->d + c, l == 0 ? 0 : (double)(o[c] / l));
}

static struct check_report check_f32(struct run *r, struct quality f)
{
    const params *p = &r->p;
    const uint64_t items = (uint64_t)p->batch * p->n_heads * p->seq_len_q, d = r->pr.nelem[T_Q] / items;
    const struct mxb_ref *t = r->oracle.t;
    struct check_report report;
    for (uint64_t i = 0; i < items; i++) {
        const uint64_t head = i / p->seq_len_q, per_batch = p->n_heads, group = p->n_heads / p->n_kv_heads;
        const uint64_t kv = (head / per_batch * p->n_kv_heads + head % per_batch / group) * p->seq_len_k * d;
        const uint64_t mask_row = p->mask == MASK_RANK4 ? i : i % p->seq_len_q;
        const struct rows x = { t[T_Q].v + i * d, t[T_K].v + kv, t[T_V].v + kv,
                                p->mask ? t[T_MASK].v + mask_row * p->seq_len_k : NULL, (uint32_t)d };
        attend(r, &f, i, &x, r->stored[T_O]);
    }
    check_outputs(&r->pr, &r->oracle, &r->set, r->stored, MXB_F32, 1, &report);
    return report;
}

/* Right f32 arithmetic stays well below one sigma, in every type; wrong arithmetic does not pass. */
static void error_scale_separates(void **state)
{
    static const char *const entry[] = { BF16, "flash_attn_prefill_f16_d512", F32 };
    static const struct quality wrong[] = {
        { .drop = 1 }, { .peek = 1 }, { .factor = 1.01f }, { .unscaled_o = true }, { .unscaled_l = true },
    };
    (void)state;
    for (size_t e = 0; e < MXB_COUNT(entry); e++)
        for (int fill = 0; fill <= MXB_FILL_LARGE; fill += MXB_FILL_LARGE) {
            params p = defaults();
            struct run r;
            p.n_heads = 2, p.n_kv_heads = 1, p.seq_len_q = p.seq_len_k = 24, p.do_causal = 1;
            run_open(&r, entry[e], p, (enum mxb_fill)fill, 8, 8);
            for (int backward = 0; backward < 2; backward++) {
                const struct check_report good = check_f32(&r, (struct quality){ .backward = backward });
                assert_int_equal(good.status, ST_PASS);
                assert_true(good.err_rms > 0.02 && good.err_rms < 0.8 && good.err_max < 4);
            }
            for (size_t i = 0; i < MXB_COUNT(wrong); i++)
                assert_int_equal(check_f32(&r, wrong[i]).status, ST_FAIL);
            if (r.pr.dtype[T_Q] == MXB_BF16)
                assert_int_equal(check_f32(&r, (struct quality){ .wide_alpha = true }).status, ST_FAIL);
            run_close(&r);
        }
}

/* ---- fills ---- */

/* Under the exact fill the bits do not depend on the order of sums, whatever type, scale and mask; and a key too few or
 * too many shows. */
static void exact_fill_is_exact(void **state)
{
    static const char *const entry[] = { BF16, F16_BOOL, "flash_attn_prefill_bf16_d512_boolmask", "flash_attn_prefill_f16_d512", F32 };
    static const float scale[] = { 1.0f / 16, 0.044194173f, 1, -0.3f, 0x1p-14f, 1024 };
    uint32_t turn = 0;
    (void)state;
    for (size_t e = 0; e < MXB_COUNT(entry); e++)
        for (size_t s = 0; s < MXB_COUNT(scale); s++)
            for (uint32_t content = CONTENT_WINDOW; content <= CONTENT_FULL; content++, turn++) {
                params p = defaults();
                struct run r;
                p.n_heads = 2, p.n_kv_heads = 1, p.seq_len_q = 9, p.seq_len_k = 37;
                p.scale = scale[s], p.mask_fill = content, p.mask = turn % 3, p.q_offset = turn % 4 * 7;
                p.window = 1 + turn % 11, p.do_causal = turn % 2, p.narrow_q = turn % 5 > 0;
                run_open(&r, entry[e], p, MXB_FILL_EXACT, 8, 8);
                for (int backward = 0; backward < 2; backward++) {
                    const struct check_report report = check_f32(&r, (struct quality){ .backward = backward });
                    if (report.status != ST_PASS)
                        fail_msg("%s scale %g mask %u content %u: %s", entry[e], (double)scale[s], p.mask, content, report.text);
                }
                run_close(&r);
            }
}

static void exact_fill_bites(void **state)
{
    struct run r;
    params p = defaults();
    (void)state;
    p.n_heads = 2, p.n_kv_heads = 1, p.seq_len_q = p.seq_len_k = 40;
    for (p.do_causal = 0; p.do_causal < 2; p.do_causal++) {
        run_open(&r, BF16, p, MXB_FILL_EXACT, 8, 8);
        assert_int_equal(check_f32(&r, (struct quality){ .unscaled_o = true }).status, ST_FAIL);
        assert_int_equal(check_f32(&r, p.do_causal ? (struct quality){ .peek = 1 } : (struct quality){ .drop = 1 }).status, ST_FAIL);
        run_close(&r);
    }
}

/* Each output row is one row of V, that of an attended key; the ends and the edges of tiles all occur. */
static void needle_fill_finds_keys(void **state)
{
    enum { D = 256, QL = 64, KL = 200 };
    bool hit[KL] = { false };
    uint32_t last = 0;
    struct run r;
    params p = defaults();
    (void)state;
    p.n_heads = 4, p.n_kv_heads = 2, p.seq_len_q = QL, p.seq_len_k = KL, p.do_causal = 1, p.q_offset = 136;
    run_open(&r, BF16, p, MXB_FILL_NEEDLE, 8, 8);
    for (uint32_t i = 0; i < 4 * QL; i++) {
        const double *o = r.oracle.t[T_O].v + i * D, *v = r.oracle.t[T_V].v + (uint64_t)(i / QL / 2) * KL * D;
        const uint32_t n = i % QL + p.q_offset + 1;
        uint32_t k = 0;
        while (k < n && fabs(v[k * D] - o[0]) + fabs(v[k * D + 1] - o[1]) > 1e-9)
            k++;
        assert_true(k < n);
        for (uint32_t c = 0; c < D; c++)
            assert_true(fabs(v[k * D + c] - o[c]) < 1e-9);
        hit[k] = true;
        last += k + 1 == n;
    }
    assert_true(hit[0] && last > QL / 2);
    for (uint32_t edge = 8; edge <= 64; edge *= 2) {
        bool any = false;
        for (uint32_t k = edge; k < KL; k += edge)
            any = any || hit[k] || hit[k - 1] || hit[k + 1];
        assert_true(any);
    }
    run_close(&r);
}

/* Some rows are NaN, others have infinities of both signs in single columns, most values are finite. */
static void probe_fill_probes(void **state)
{
    uint64_t nans = 0, plus = 0, minus = 0;
    struct run r;
    params p = defaults();
    (void)state;
    p.do_causal = 1;
    run_open(&r, BF16, p, MXB_FILL_PROBE, 8, 8);
    for (uint64_t i = 0; i < r.pr.nelem[T_O]; i++) {
        const double v = r.oracle.t[T_O].v[i];
        nans += isnan(v);
        plus += v == INFINITY;
        minus += v == -INFINITY;
    }
    assert_true(nans > 256 && plus > 0 && minus > 0 && nans + plus + minus < r.pr.nelem[T_O] / 2);
    assert_int_equal(check_f32(&r, (struct quality){ .backward = false }).status, ST_PASS);
    run_close(&r);
}

/* exp2 of the plain scores overflows and vanishes in f32, and the maximum rises over many keys. */
static void large_fill_is_large(void **state)
{
    struct run r;
    params p = defaults();
    uint32_t over = 0, under = 0, records = 0;
    (void)state;
    p.scale = 1;
    run_open(&r, F32, p, MXB_FILL_LARGE, 8, 8);
    for (uint32_t q = 0; q < p.seq_len_q; q++) {
        const struct rows x = { r.oracle.t[T_Q].v + q * 256, r.oracle.t[T_K].v, NULL, NULL, 256 };
        float m = -INFINITY;
        for (uint32_t k = 0; k < p.seq_len_k; k++) {
            const float s = dot(&x, k, false, 1.44269504f, MXB_F32);
            over += s > 128;
            under += s < -126;
            records += q % 4 == 2 && s > m;
            m = s > m ? s : m;
        }
    }
    assert_in_range(over, 1000, 2000);
    assert_in_range(under, 800, 1100);
    assert_in_range(records, 16 * 10, 16 * 64);
    run_close(&r);
}

/* ---- masks and tile classes ---- */

static void classes(params p, const char *entry, int bq, int bk, int want0, int want1, int want2)
{
    struct run r;
    int n[3] = { 0 };
    run_open(&r, entry, p, MXB_FILL_NORMAL, bq, bk);
    for (uint64_t i = 0; i < r.pr.nelem[T_BLK]; i++)
        n[((uint8_t *)r.stored[T_BLK])[i]]++;
    run_close(&r);
    assert_int_equal(n[0], want0);
    assert_int_equal(n[1], want1);
    assert_int_equal(n[2], want2);
}

/* Counts published for causal windows, and what the rules make of other masks. */
static void tile_classes(void **state)
{
    params p = defaults();
    (void)state;
    p.n_heads = p.n_kv_heads = 1, p.mask = MASK_RANK2, p.has_blk = 1;
    p.seq_len_q = p.seq_len_k = 64, p.window = 64;
    classes(p, BF16, 32, 16, 2, 4, 2);
    p.seq_len_q = p.seq_len_k = 128, p.window = 48;
    classes(p, BF16, 32, 16, 16, 13, 3);
    classes(p, F16_BOOL, 32, 16, 16, 13, 3);
    p.mask = MASK_RANK4, p.batch = 2;
    classes(p, BF16, 32, 16, 16, 13, 3);
    p.seq_len_k = 100;                           /* the last of seven columns of tiles extends past the keys */
    classes(p, BF16, 32, 16, 10, 15, 3);
    p.mask_fill = CONTENT_FULL;
    classes(p, BF16, 32, 16, 24, 4, 0);
    p.mask_fill = CONTENT_CHECKER, p.seq_len_k = 96;
    classes(p, BF16, 32, 16, 0, 24, 0);
}

static void mask_contents(void **state)
{
    enum { N = 64 };
    uint64_t blocked[CONTENT_FULL + 1] = { 0 }, soft = 0, dead_rows = 0;
    (void)state;
    for (uint32_t content = 0; content <= CONTENT_FULL; content++) {
        params p = defaults();
        struct run r;
        p.n_heads = p.n_kv_heads = 1, p.mask = MASK_RANK2, p.mask_fill = content, p.window = 5, p.q_offset = 2;
        run_open(&r, BF16, p, MXB_FILL_NORMAL, 8, 8);
        for (uint32_t q = 0; q < N; q++) {
            uint64_t row = 0;
            for (uint32_t k = 0; k < N; k++) {
                const double v = r.oracle.t[T_MASK].v[(uint64_t)q * N + k];
                const int64_t distance = (int64_t)q + 2 - k;
                row += v == -INFINITY;
                soft += v < -1000 && v > -INFINITY;
                if (content == CONTENT_WINDOW)
                    assert_true(v == (distance >= 0 && distance < 5 ? 0 : -INFINITY));
            }
            blocked[content] += row;
            dead_rows += content == CONTENT_RANDOM && row == N;
        }
        run_close(&r);
    }
    assert_in_range(blocked[CONTENT_RANDOM], N * N * 25 / 100, N * N * 45 / 100);
    assert_true(dead_rows > 0 && dead_rows < N / 4);
    assert_true(blocked[CONTENT_CHECKER] == 0 && soft == N * N / 2);
    assert_in_range(blocked[CONTENT_BIAS], N * N * 10 / 100, N * N * 20 / 100);
    assert_int_equal(blocked[CONTENT_FULL], N * N);
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

static int plan_on(uint64_t local_bytes, const char *entry, const struct tile_value *tile, uint32_t ntile, struct plan *plan,
                   char *why)
{
    struct mxb_caps caps = { .features = MXB_FEAT_F16_STORAGE | MXB_FEAT_U8_STORAGE, .max_wg = 256, .max_wg_dim = { 256, 256, 64 },
                             .max_groups = { 65535, 65535, 65535 }, .push_bytes = 128, .max_bind = 8, .local_bytes = local_bytes,
                             .mem_bytes = 1 << 30, .max_buffer = 1 << 30 };
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
    assert_int_equal(op->nentry, 18);
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
        cmocka_unit_test(error_scale_separates), cmocka_unit_test(exact_fill_is_exact), cmocka_unit_test(exact_fill_bites),
        cmocka_unit_test(needle_fill_finds_keys), cmocka_unit_test(probe_fill_probes), cmocka_unit_test(large_fill_is_large),
        cmocka_unit_test(tile_classes), cmocka_unit_test(mask_contents), cmocka_unit_test(arguments), cmocka_unit_test(figures),
        cmocka_unit_test(plans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
