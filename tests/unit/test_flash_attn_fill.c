/* Tests what flash_attn_prefill's fills promise: exact bits, needles, probes and large logits, masks and their tile
 * classes. */
#include "flash_attn_oracle_fixture.h"

/* Under the exact fill the bits do not depend on the order of sums, whatever type, scale and mask; and a key too few or
 * too many shows. */
static void exact_fill_is_exact(void **state)
{
    static const char *const entry[] = {
        BF16, F16_BOOL, "flash_attn_prefill_bf16_d512_boolmask", "flash_attn_prefill_f16_d512", F32,
    };
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
                        fail_msg("%s scale %g mask %u content %u: %s", entry[e], (double)scale[s], p.mask, content,
                                 report.text);
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
        const struct quality edge = { .peek = p.do_causal, .drop = !p.do_causal };
        assert_int_equal(check_f32(&r, (struct quality){ .unscaled_o = true }).status, ST_FAIL);
        assert_int_equal(check_f32(&r, edge).status, ST_FAIL);
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
        nans += isnan(v) ? 1 : 0;
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
        float row[256], m = -INFINITY;
        for (uint32_t c = 0; c < 256; c++)
            row[c] = (float)r.oracle.t[T_Q].v[q * 256 + c] * 1.44269504f;
        for (uint32_t k = 0; k < p.seq_len_k; k++) {
            const float s = dot(row, r.oracle.t[T_K].v + k * 256, 256, false);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_fill_is_exact), cmocka_unit_test(exact_fill_bites),
        cmocka_unit_test(needle_fill_finds_keys), cmocka_unit_test(probe_fill_probes),
        cmocka_unit_test(large_fill_is_large), cmocka_unit_test(tile_classes), cmocka_unit_test(mask_contents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
