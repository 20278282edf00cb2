/* Tests flash_attn_prefill's oracle against what upstream publishes and tests: the narrowed softmax temperatures, its own
 * test cases with their inputs and tolerances, and chunks of a sequence against the whole. */
#include "flash_attn_oracle_fixture.h"

/* ---- upstream's own cases ---- */

enum { SEED = 0x00AD0011 };

/* Upstream's generator: a 64-bit congruential one whose 31 upper bits give -0.5 .. 0; rounded to the tensor's type. */
static void upstream_values(uint64_t seed, enum mxb_dtype dt, void *out, uint64_t n)
{
    uint64_t state = seed;
    for (uint64_t i = 0; i < n; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        mxb_store(dt, out, i, (double)((float)(state >> 33) / (float)UINT32_MAX - 0.5f));
    }
}

/* A problem with upstream's inputs; Q, K and V have consecutive seeds.  The mask is that of p. */
static void upstream_open(struct run *r, params p, uint64_t seed)
{
    char err[MXB_ERRLEN] = "";
    run_open(r, BF16, p, MXB_FILL_NORMAL, 8, 8);
    oracle_free(&r->oracle);
    for (uint32_t t = T_Q; t <= T_V; t++)
        upstream_values(seed + t, MXB_BF16, r->stored[t], r->pr.nelem[t]);
    if (oracle_run(&r->pr, r->stored, &r->set, 2, &r->oracle, err, sizeof err) != 0)
        fail_msg("%s", err);
}

/* Softmax attention of one row as upstream's tests state it: f32, natural exp, nothing narrowed. */
static void natural_row(const struct run *r, uint64_t item, float *o)
{
    const params *p = &r->p;
    const struct query x = find_query(r, &(struct quality){ .wide_alpha = true }, item);
    const double *q = r->oracle.t[T_Q].v + item * x.d;
    float s[128], m = -INFINITY, l = 0, plain[HEAD_DIM_MAX];
    for (uint32_t c = 0; c < x.d; c++) {
        plain[c] = (float)q[c];
        o[c] = 0;
    }
    for (uint32_t k = 0; k < p->seq_len_k; k++) {
        s[k] = k > x.last ? -INFINITY : dot(plain, x.k + (uint64_t)k * x.d, x.d, false) * p->scale;
        s[k] += x.mask ? (float)x.mask[k] : 0;
        m = s[k] > m ? s[k] : m;
    }
    for (uint32_t k = 0; k < p->seq_len_k && m > -INFINITY; k++) {
        const float w = expf(s[k] - m);
        l += w;
        for (uint32_t c = 0; c < x.d; c++)
            o[c] += w * (float)x.v[(uint64_t)k * x.d + c];
    }
    for (uint32_t c = 0; c < x.d && l > 0; c++)
        o[c] /= l;
}

/* Largest |o - natural| - atol - rtol |natural| over all outputs; rounded: both are rounded to bf16 before. */
static double excess(const struct run *r, bool rounded, double atol, double rtol)
{
    const uint64_t d = 256;
    float o[HEAD_DIM_MAX];
    double worst = -INFINITY;
    for (uint64_t i = 0; i < r->pr.nelem[T_O] / d; i++) {
        natural_row(r, i, o);
        for (uint64_t c = 0; c < d; c++) {
            double want = (double)o[c], got = r->oracle.t[T_O].v[i * d + c];
            want = rounded ? mxb_round(MXB_BF16, want) : want;
            got = rounded ? mxb_round(MXB_BF16, got) : got;
            worst = fmax(worst, fabs(got - want) - atol - rtol * fabs(want));
        }
    }
    return worst;
}

/* With the narrowing, upstream's tolerance; without it, the f32 reference and the oracle differ by roundings alone. */
static void upstream_cases(void **state)
{
    static const struct { uint32_t h, kv, q, k, causal, mask, content, window; float scale; } row[] = {
        { 2, 2, 32, 32, 0, MASK_NONE, 0, 1, 0.0625f },    { 2, 2, 32, 32, 1, MASK_NONE, 0, 1, 0.0625f },
        { 2, 2, 128, 128, 0, MASK_NONE, 0, 1, 0.0625f },  { 2, 2, 128, 128, 1, MASK_NONE, 0, 1, 0.0625f },
        { 2, 2, 128, 128, 0, MASK_RANK4, CONTENT_CHECKER, 1, 0.0625f },
        { 8, 2, 128, 128, 0, MASK_NONE, 0, 1, 0.0625f },  { 2, 2, 128, 128, 0, MASK_NONE, 0, 1, 0.05f },
        { 2, 2, 50, 64, 0, MASK_NONE, 0, 1, 0.0625f },    { 2, 2, 32, 50, 0, MASK_NONE, 0, 1, 0.0625f },
        { 2, 2, 128, 128, 0, MASK_RANK2, CONTENT_WINDOW, 64, 0.0625f },
        { 8, 8, 128, 128, 0, MASK_RANK2, CONTENT_WINDOW, 64, 0.0625f },
        { 4, 4, 128, 128, 0, MASK_RANK4, CONTENT_WINDOW, 64, 0.0625f },
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(row); i++)
        for (uint32_t narrow = 0; narrow < 2; narrow++) {
            const params p = { .batch = 1, .n_heads = row[i].h, .n_kv_heads = row[i].kv, .seq_len_q = row[i].q,
                               .seq_len_k = row[i].k, .scale = row[i].scale, .mask = row[i].mask, .window = row[i].window,
                               .do_causal = row[i].causal, .mask_fill = row[i].content, .narrow_q = narrow };
            struct run r;
            upstream_open(&r, p, SEED + 16 * i);
            const double over = narrow ? excess(&r, true, 5e-3, 2e-2) : excess(&r, false, 1e-6, 0);
            if (!(over <= 0))
                fail_msg("case %zu, narrow_q %u: %g beyond the tolerance", i, narrow, over);
            run_close(&r);
        }
}

/* A mask that blocks everything gives exactly +0. */
static void blocked_rows_are_zero(void **state)
{
    params p = defaults();
    struct run r;
    (void)state;
    p.seq_len_q = p.seq_len_k = 32, p.mask = MASK_RANK4, p.mask_fill = CONTENT_FULL;
    upstream_open(&r, p, SEED);
    for (uint64_t i = 0; i < r.pr.nelem[T_O]; i++)
        assert_true(r.oracle.t[T_O].v[i] == 0 && !signbit(r.oracle.t[T_O].v[i]));
    run_close(&r);
}

/* ---- what the narrowing of scale * log2(e) gives ---- */

static void alpha_as_published(void **state)
{
    static const struct { const char *entry; float scale; uint32_t narrow; double alpha; } row[] = {
        { BF16, 0.125f, 1, 0.18066406 }, { BF16, 0.0625f, 1, 0.09033203 }, { BF16, 1, 1, 1.4453125 },
        { "flash_attn_prefill_bf16_d512", 0.044194174f, 1, 0.06396484 },
        { F16_BOOL, 0.125f, 1, 0.18029785 }, { F16_BOOL, 0.0625f, 1, 0.09014893 }, { F16_BOOL, 1, 1, 1.4423828 },
        { F16, 0.044194174f, 1, 0.06378174 },
        { BF16, 0.125f, 0, 0.18033688 }, { BF16, 0.0625f, 0, 0.09016844 }, { BF16, 1, 0, 1.442695 },
        { F16, 0.044194174f, 0, 0.06375872 },
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(row); i++) {
        struct mxb_problem pr;
        char err[MXB_ERRLEN] = "";
        params p = defaults();
        p.scale = row[i].scale, p.narrow_q = row[i].narrow;
        assert_int_equal(problem_init(&pr, op, ops_entry(op, row[i].entry), &p, 1, MXB_FILL_NORMAL, err, sizeof err), 0);
        assert_true(fabs(flash_attn_prefill_alpha(&pr) - row[i].alpha) < 5e-8);
    }
}

/* ---- the same rows in other problems ---- */

/* Rows [q0, q0 + n) of a causal sequence, computed as a chunk with an offset, have the bits that the whole gives them. */
static void chunk_equals_whole(void **state)
{
    static const struct { uint32_t heads, kv_heads, length, q0, n; } row[] = {
        { 16, 2, 64, 32, 32 }, { 2, 1, 1024, 1023, 1 }, { 2, 1, 1024, 1022, 2 }, { 2, 1, 1024, 1016, 8 },
        { 2, 1, 1024, 1009, 15 },
    };
    enum { D = 256 };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(row); i++) {
        params p = defaults();
        struct run chunk;
        p.n_heads = row[i].heads, p.n_kv_heads = row[i].kv_heads, p.seq_len_q = row[i].n, p.seq_len_k = row[i].length;
        p.do_causal = 1, p.q_offset = row[i].q0;
        upstream_open(&chunk, p, SEED);
        struct mxb_problem whole;
        char err[MXB_ERRLEN] = "";
        p.seq_len_q = row[i].length, p.q_offset = 0;
        assert_int_equal(problem_init(&whole, op, ops_entry(op, BF16), &p, 1, MXB_FILL_NORMAL, err, sizeof err), 0);
        double *q = calloc(whole.nelem[T_Q], sizeof *q), *o[3];
        for (int a = 0; a < 3; a++)
            o[a] = calloc(whole.nelem[T_O], sizeof *o[a]);
        const struct mxb_ref *c = chunk.oracle.t;
        const struct mxb_ref t[6] = { { .v = q }, { .v = c[T_K].v }, { .v = c[T_V].v },
                                        { .v = o[0], .p = o[1], .x = o[2] } };
        for (uint64_t h = 0; h < row[i].heads; h++) {
            const uint64_t first = h * row[i].length + row[i].q0, part = h * row[i].n * D, bytes = row[i].n * D * sizeof *q;
            memcpy(q + first * D, c[T_Q].v + part, bytes);
            op->reference(&whole, t, (int64_t)first, (int64_t)(first + row[i].n));
            assert_memory_equal(o[0] + first * D, c[T_O].v + part, bytes);
            assert_memory_equal(o[2] + first * D, c[T_O].x + part, bytes);
        }
        free(q), free(o[0]), free(o[1]), free(o[2]);
        run_close(&chunk);
    }
}

/* A window mask, and the causal rule beside it, give what the causal rule gives where the window is as long as the keys. */
static void masks_and_causal_rule_agree(void **state)
{
    params p = defaults();
    struct run causal, masked;
    (void)state;
    p.do_causal = 1, p.q_offset = 3;
    upstream_open(&causal, p, SEED);
    for (p.mask = MASK_RANK2; p.mask <= MASK_RANK4; p.mask++)
        for (p.do_causal = 0; p.do_causal < 2; p.do_causal++) {
            p.mask_fill = CONTENT_WINDOW, p.window = 128;
            upstream_open(&masked, p, SEED);
            assert_memory_equal(causal.oracle.t[T_O].v, masked.oracle.t[T_O].v, causal.pr.nelem[T_O] * sizeof(double));
            run_close(&masked);
        }
    run_close(&causal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upstream_cases), cmocka_unit_test(blocked_rows_are_zero), cmocka_unit_test(alpha_as_published),
        cmocka_unit_test(chunk_equals_whole), cmocka_unit_test(masks_and_causal_rule_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
