/* Tests aura_flash_p1 and aura_flash_pass2: the oracles against published numbers and NumPy's, both passes against
 * attention over dequantised keys and values, the error scales, the CPU kernels and the argument checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernels/attention/aura_flash_p1/aura_flash_p1.h"
#include "tests/unit/oracle_fixture.h"

extern const struct mxb_op mxb_op_aura_flash_p1, mxb_op_aura_flash_pass2;
static const struct mxb_op *const p1 = &mxb_op_aura_flash_p1, *const pass2 = &mxb_op_aura_flash_pass2;
struct pass2_params { uint32_t n_heads, num_blocks; };           /* aura_flash_pass2.def */
enum { P2_O, P2_M, P2_L, P2_OUT };

static uint32_t code(const uint32_t *row, uint32_t d, uint32_t bits)
{
    uint32_t c = 0;
    for (uint32_t b = 0; b < bits; b++)
        c |= (row[(d * bits + b) / 32] >> (d * bits + b) % 32 & 1) << b;
    return c;
}

static void set_code(uint32_t *row, uint32_t d, uint32_t bits, uint32_t c)
{
    for (uint32_t b = 0; b < bits; b++)
        row[(d * bits + b) / 32] |= (c >> b & 1) << (d * bits + b) % 32;
}

/* Outputs of an oracle from stored inputs. */
static void answer(const struct run *r, struct oracle *out)
{
    char err[MXB_ERRLEN];
    if (oracle_run(&r->pr, r->stored, &r->set, 1, out, err, sizeof err) != 0) fail_msg("%s", err);
}

/* ---- published numbers ---- */

/* Two heads that share 8 tokens of 128 coordinates, in blocks of 4. */
static void fill_published(struct run *r, uint32_t vb)
{
    for (uint32_t i = 0; i < 16; i++)
        put(r, T_KC, i, -1 + 2.0 * i / 15);
    for (uint32_t i = 0; i < 1u << vb; i++)
        put(r, T_VC, i, -1 + 2.0 * i / ((1u << vb) - 1));
    memset(r->stored[T_KP], 0, problem_bytes(&r->pr, T_KP));
    memset(r->stored[T_VP], 0, problem_bytes(&r->pr, T_VP));
    for (uint32_t i = 0; i < 8 * 128; i++) {
        set_code((uint32_t *)r->stored[T_KP] + i / 128 * 16, i % 128, 4, (7 * i + 3) % 16);
        set_code((uint32_t *)r->stored[T_VP] + i / 128 * 4 * vb, i % 128, vb, (11 * i + 5) % (1u << vb));
    }
    for (uint32_t t = 0; t < 8; t++) {
        put(r, T_KN, t, 0.5 + 0.05 * t);
        put(r, T_VN, t, 0.3 + 0.07 * t);
    }
    for (uint32_t i = 0; i < 256; i++)
        put(r, T_Q, i, ((double)(13 * i % 19) - 9) * 0.02);
}

static double sum_abs(const double *v, uint32_t n)
{
    double s = 0;
    for (uint32_t i = 0; i < n; i++)
        s += fabs(v[i]);
    return s;
}

static void near(double got, double want, double slack)
{
    if (!(fabs(got - want) <= slack)) fail_msg("%.9g, wanted %.9g", got, want);
}

static void published_numbers(void **state)
{
    static const struct { double m, l, o2[4], sum2, o4[4], sum4; } want[] = {
        { 0.9663333, 3.5903335, { -0.492467, -1.477401, 1.477401, 0.492467 }, 126.07153,
          { -0.492467, -1.477401, 0.689454, -0.295480 }, 100.85723 },
        { 1.2636667, 3.5903333, { -0.827565, -2.482694, 2.482694, 0.827565 }, 211.85656,
          { -0.827565, -2.482694, 1.158591, -0.496539 }, 169.48525 },
        { -0.8020000, 3.5608907, { -0.472406, -1.417218, 1.417218, 0.472406 }, 120.93591,
          { -0.472406, -1.417218, 0.661368, -0.283444 }, 96.74873 },
        { -1.1228000, 3.5608907, { -0.804756, -2.414267, 2.414267, 0.804756 }, 206.01746,
          { -0.804756, -2.414267, 1.126658, -0.482853 }, 164.81397 },
    };
    static const double merged[2][2] = { { 48.82392, 39.05914 }, { 44.00895, 35.20716 } };   /* head, vb2 and vb4 */
    (void)state;
    for (uint32_t vb = 2; vb <= 4; vb += 2) {
        const struct aura_flash_p1_params p = { .n_heads = 2, .n_kv_heads = 1, .tokens = 8, .block_size = 4 };
        struct run r, s;
        struct oracle part, whole;
        run_open(p1, &r, vb == 2 ? "aura_flash_p1_kb4_vb2_d128" : "aura_flash_p1_kb4_vb4_d128", &p, MXB_FILL_NORMAL, 1);
        fill_published(&r, vb);
        assert_int_equal(((uint32_t *)r.stored[T_KP])[0], 0x4d6f81a3);
        assert_int_equal(((uint32_t *)r.stored[T_KP])[1], 0xc5e7092b);
        answer(&r, &part);
        run_open(pass2, &s, "aura_flash_pass2_d128", &(struct pass2_params){ 2, 2 }, MXB_FILL_NORMAL, 1);
        for (uint32_t i = 0; i < 4; i++) {
            near(part.t[T_M].v[i], want[i].m, 1e-6);
            near(part.t[T_L].v[i], want[i].l, 1e-6);
            near(sum_abs(part.t[T_O].v + i * 128, 128), vb == 2 ? want[i].sum2 : want[i].sum4, 1e-4);
            for (uint32_t d = 0; d < 4; d++)
                near(part.t[T_O].v[i * 128 + d], vb == 2 ? want[i].o2[d] : want[i].o4[d], 1e-6);
            put(&s, P2_M, i, part.t[T_M].v[i]);
            put(&s, P2_L, i, part.t[T_L].v[i]);
            for (uint32_t d = 0; d < 128; d++)
                put(&s, P2_O, i * 128 + d, part.t[T_O].v[i * 128 + d]);
        }
        answer(&s, &whole);
        for (uint32_t h = 0; h < 2; h++)
            near(sum_abs(whole.t[P2_OUT].v + h * 128, 128), merged[h][vb / 4], 1e-4);
        oracle_free(&part), oracle_free(&whole);
        run_close(&r), run_close(&s);
    }
}

static void oracles_equal_numpy(void **state)
{
    (void)state;
    check_golden(p1, "straddling", 1e-12);
    check_golden(p1, "causal_bf16", 1e-12);
    check_golden(pass2, "empty", 1e-12);
}

/* ---- both passes against attention over dequantised keys and values ---- */

static void dense(const struct run *r, uint32_t hd, uint32_t kb, uint32_t vb, uint32_t h, uint32_t visible, double *out)
{
    const struct aura_flash_p1_params *p = r->pr.params;
    const uint32_t stride = p->kv_stride ? p->kv_stride : p->tokens, kw = (hd * kb + 31) / 32, vw = (hd * vb + 31) / 32;
    const uint64_t first = (uint64_t)h / (p->n_heads / p->n_kv_heads) * stride;
    double total = 0;
    for (uint32_t d = 0; d < hd; d++)
        out[d] = 0;
    for (uint32_t t = 0; t < visible; t++) {
        const uint64_t row = first + t;
        double s = 0;
        for (uint32_t d = 0; d < hd; d++)
            s += in(r, T_Q, h * hd + d) * in(r, T_KN, row) * in(r, T_KC, code((uint32_t *)r->stored[T_KP] + row * kw, d, kb));
        total += exp(s);                         /* the scores are small */
        for (uint32_t d = 0; d < hd; d++)
            out[d] += exp(s) * in(r, T_VN, row) * in(r, T_VC, code((uint32_t *)r->stored[T_VP] + row * vw, d, vb));
    }
    for (uint32_t d = 0; d < hd; d++)
        out[d] /= total;
}

static void pipeline(const char *entry, const char *merge, uint32_t hd, uint32_t kb, uint32_t vb,
                     const struct aura_flash_p1_params *p, uint32_t visible)
{
    const uint32_t blocks = (p->tokens + p->block_size - 1) / p->block_size;
    struct run r, s;
    struct oracle part, whole;
    double want[512];
    run_open(p1, &r, entry, p, MXB_FILL_NORMAL, 2);
    answer(&r, &part);
    run_open(pass2, &s, merge, &(struct pass2_params){ p->n_heads, blocks }, MXB_FILL_NORMAL, 1);
    for (uint32_t i = 0; i < p->n_heads * blocks; i++) {
        put(&s, P2_M, i, part.t[T_M].v[i]);
        put(&s, P2_L, i, part.t[T_L].v[i]);
        for (uint32_t d = 0; d < hd; d++)
            put(&s, P2_O, i * hd + d, part.t[T_O].v[i * hd + d]);
    }
    answer(&s, &whole);
    for (uint32_t h = 0; h < p->n_heads; h++) {
        dense(&r, hd, kb, vb, h, visible, want);
        for (uint32_t d = 0; d < hd; d++)
            near(whole.t[P2_OUT].v[h * hd + d], want[d], 1e-6);      /* the partial results were rounded to f32 */
    }
    oracle_free(&part), oracle_free(&whole);
    run_close(&r), run_close(&s);
}

static void two_passes_are_attention(void **state)
{
    (void)state;
    pipeline("aura_flash_p1_kb4_vb2_d128", "aura_flash_pass2_d128", 128, 4, 2,
             &(struct aura_flash_p1_params){ .n_heads = 4, .n_kv_heads = 2, .tokens = 50, .kv_stride = 60, .block_size = 16 }, 50);
    pipeline("aura_flash_p1_causal_kb4_vb2_d64", "aura_flash_pass2_d64", 64, 4, 2,
             &(struct aura_flash_p1_params){ .n_heads = 2, .n_kv_heads = 1, .tokens = 50, .block_size = 8, .q_position = 20 }, 21);
    pipeline("aura_flash_p1_kb3_vb3_d96", "aura_flash_pass2_d96", 96, 3, 3,
             &(struct aura_flash_p1_params){ .n_heads = 3, .n_kv_heads = 3, .tokens = 7, .block_size = 9 }, 7);
    pipeline("aura_flash_p1_kb4_vb2_d80", "aura_flash_pass2_d80", 80, 4, 2,
             &(struct aura_flash_p1_params){ .n_heads = 1, .n_kv_heads = 1, .tokens = 33, .block_size = 1 }, 33);
}

/* ---- the error scale ---- */

/* An f32 kernel that takes `step` tokens between two rescales, exp off by exp_ulp, and one of several mistakes. */
enum mistake { NONE, LAST_TOKEN, NO_RESCALE, L_NOT_RESCALED, NORM_TWICE, ONE_TOKEN_MORE, EXP_1E5, O_DIVIDED };
struct quality { uint32_t step; int exp_ulp; enum mistake mistake; };

static float weigh(const struct quality *q, float x)
{
    const float off = x == 0 ? 0 : q->mistake == EXP_1E5 ? 1e-5f : (float)q->exp_ulp * 0x1p-23f;   /* exp(0) is 1 */
    return expf(x) * (1 + off);
}

static float score(const struct run *r, uint32_t h, uint64_t row)
{
    float dot = 0;
    for (uint32_t d = 0; d < 64; d++)
        dot += (float)in(r, T_Q, h * 64 + d) * (float)in(r, T_KC, code((uint32_t *)r->stored[T_KP] + row * 8, d, 4));
    return dot * (float)in(r, T_KN, row);
}

static void one_block(struct run *r, const struct quality *q, uint32_t h, uint32_t block, uint32_t at)
{
    const struct aura_flash_p1_params *p = r->pr.params;
    const uint32_t begin = block * p->block_size, full = begin + p->block_size < p->tokens ? begin + p->block_size : p->tokens;
    const uint32_t end = q->mistake == LAST_TOKEN ? full - 1 : q->mistake == ONE_TOKEN_MORE && full < p->tokens ? full + 1 : full;
    float m = -INFINITY, l = 0, o[64] = { 0 };
    for (uint32_t t = begin; t < end; t += q->step) {
        const uint32_t last = t + q->step < end ? t + q->step : end;
        float top = m;
        for (uint32_t i = t; i < last; i++) {
            const float s = score(r, h, i);
            top = top > s ? top : s;
        }
        const float old = m == -INFINITY ? 0 : weigh(q, m - top);
        l *= q->mistake == L_NOT_RESCALED || q->mistake == NO_RESCALE ? 1 : old;
        for (uint32_t d = 0; d < 64; d++)
            o[d] *= q->mistake == NO_RESCALE ? 1 : old;
        for (uint32_t i = t; i < last; i++) {
            const float w = weigh(q, score(r, h, i) - top), norm = (float)in(r, T_VN, i);
            l += w;
            for (uint32_t d = 0; d < 64; d++) {
                const float c = (float)in(r, T_VC, code((uint32_t *)r->stored[T_VP] + (uint64_t)i * 4, d, 2));
                o[d] += w * c * norm * (q->mistake == NORM_TWICE && i == 0 ? norm : 1);
            }
        }
        m = top;
    }
    put(r, T_M, at, (double)m);
    put(r, T_L, at, (double)l);
    for (uint32_t d = 0; d < 64; d++)
        put(r, T_O, (uint64_t)at * 64 + d, (double)(q->mistake == O_DIVIDED ? o[d] / l : o[d]));
}

static struct check_report compute(struct run *r, const struct quality *q)
{
    const struct aura_flash_p1_params *p = r->pr.params;
    const uint32_t blocks = (p->tokens + p->block_size - 1) / p->block_size;
    for (uint32_t h = 0; h < p->n_heads; h++)
        for (uint32_t b = 0; b < blocks; b++)
            one_block(r, q, h, b, h * blocks + b);
    return judge(r);
}

static const struct aura_flash_p1_params small = { .n_heads = 4, .n_kv_heads = 1, .tokens = 70, .block_size = 32 };

static void permitted_arithmetic_passes(void **state)
{
    static const struct quality good[] = { { 1, 0, NONE }, { 8, 0, NONE }, { 64, 0, NONE }, { 1, 2, NONE }, { 64, -2, NONE } };
    static const char *const entry[] = { "aura_flash_p1_kb4_vb2_d64", "aura_flash_p1_kb4_vb2_d64_bf16" };
    (void)state;
    for (size_t e = 0; e < 2; e++)
        for (int fill = MXB_FILL_NORMAL; fill < MXB_FILL_PROBE; fill++)
            for (size_t i = 0; i < MXB_COUNT(good); i++) {
                struct run r;
                if (!(p1->fills >> fill & 1) || (fill == MXB_FILL_EXACT && good[i].exp_ulp)) continue;
                run_open(p1, &r, entry[e], &small, (enum mxb_fill)fill, 3 + i);
                const struct check_report c = compute(&r, &good[i]);
                if (c.status != ST_PASS) fail_msg("%s fill %d quality %zu: %s", entry[e], fill, i, c.text);
                run_close(&r);
            }
}

static void wrong_arithmetic_fails(void **state)
{
    static const struct { const char *entry; enum mxb_fill fill; enum mistake mistake; } bad[] = {
        { "aura_flash_p1_kb4_vb2_d64", MXB_FILL_NORMAL, LAST_TOKEN }, { "aura_flash_p1_kb4_vb2_d64", MXB_FILL_EXACT, LAST_TOKEN },
        { "aura_flash_p1_kb4_vb2_d64_bf16", MXB_FILL_EXACT, LAST_TOKEN },
        { "aura_flash_p1_kb4_vb2_d64_bf16", MXB_FILL_LARGE, NO_RESCALE },
        { "aura_flash_p1_kb4_vb2_d64_bf16", MXB_FILL_LARGE, L_NOT_RESCALED },
        { "aura_flash_p1_kb4_vb2_d64", MXB_FILL_NORMAL, NORM_TWICE },
        { "aura_flash_p1_kb4_vb2_d64", MXB_FILL_NORMAL, ONE_TOKEN_MORE }, { "aura_flash_p1_kb4_vb2_d64", MXB_FILL_NORMAL, EXP_1E5 },
        { "aura_flash_p1_kb4_vb2_d64_f16", MXB_FILL_NORMAL, O_DIVIDED },
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(bad); i++) {
        struct run r;
        run_open(p1, &r, bad[i].entry, &small, bad[i].fill, 3);
        const struct check_report c = compute(&r, &(struct quality){ 1, 0, bad[i].mistake });
        if (c.status != ST_FAIL) fail_msg("wrong arithmetic %zu passes: rms %g max %g", i, c.err_rms, c.err_max);
        run_close(&r);
    }
}

/* Merging block after block in f32, upstream's way, is permitted; reading an empty block is not. */
static struct check_report merge(struct run *r, bool skip)
{
    const struct pass2_params *p = (const void *)r->pr.params;
    for (uint32_t h = 0; h < p->n_heads; h++)
        for (uint32_t d = 0; d < 80; d++) {
            float m = -INFINITY, l = 0, o = 0;
            for (uint64_t b = (uint64_t)h * p->num_blocks; b < (h + 1ull) * p->num_blocks; b++) {
                const float mb = (float)in(r, P2_M, b), lb = (float)in(r, P2_L, b);
                if (skip && lb == 0) continue;
                const float next = m > mb ? m : mb, e0 = m == -INFINITY ? 0 : expf(m - next), e1 = expf(mb - next);
                o = o * e0 + (float)in(r, P2_O, b * 80 + d) * e1;
                l = l * e0 + lb * e1;
                m = next;
            }
            put(r, P2_OUT, h * 80 + d, (double)(o * (l > 0 ? 1 / l : 0)));
        }
    return judge(r);
}

static void merging(void **state)
{
    static const char *const entry[] = { "aura_flash_pass2_d80", "aura_flash_pass2_d80_bf16" };
    (void)state;
    for (size_t e = 0; e < 2; e++)
        for (int fill = 0; fill < MXB_NFILL; fill++) {
            struct run r;
            if (!(pass2->fills >> fill & 1)) continue;
            run_open(pass2, &r, entry[e], &(struct pass2_params){ 6, 40 }, (enum mxb_fill)fill, 3);
            const struct check_report good = merge(&r, true), bad = merge(&r, false);
            if (good.status != ST_PASS) fail_msg("%s fill %d: %s", entry[e], fill, good.text);
            if (bad.status != ST_FAIL) fail_msg("%s fill %d: reading empty blocks passes", entry[e], fill);
            run_close(&r);
        }
}

/* ---- CPU kernels, arguments, accounting ---- */

static void cpu_kernels(void **state)
{
    (void)state;
    for (uint32_t e = 0; e < p1->nentry; e++)
        check_cpu(p1, p1->entry[e].name, &(struct aura_flash_p1_params){ .n_heads = 4, .n_kv_heads = 2, .tokens = 75,
                  .kv_stride = 80, .block_size = 70, .q_position = 66 });
    for (uint32_t e = 0; e < pass2->nentry; e++)
        check_cpu(pass2, pass2->entry[e].name, &(struct pass2_params){ 3, 17 });
}

static void bad_arguments_are_rejected(void **state)
{
    static const char entry[] = "aura_flash_p1_causal_kb4_vb2_d64";
    const struct aura_flash_p1_params ok = { .n_heads = 4, .n_kv_heads = 2, .tokens = 100, .block_size = 32 };
    struct aura_flash_p1_params p;
    (void)state;
#define REJECT(change, text) p = ok; change; rejected(p1, entry, &p, text)
    REJECT(p.n_heads = 0, "n_heads");
    REJECT(p.n_kv_heads = 0, "n_kv_heads");
    REJECT(p.tokens = 0, "tokens");
    REJECT(p.block_size = 0, "block_size");
    REJECT(p.n_kv_heads = 3, "n_heads (4) must be divisible by n_kv_heads (3)");
    REJECT(p.kv_stride = 99, "tokens (100) exceed kv_stride (99)");
    REJECT(p.q_position = 100, "q_position (100) must be less than tokens (100)");
    REJECT((p.tokens = 65536, p.block_size = 1), "65536 blocks");
    REJECT((p.tokens = 16777216, p.block_size = 1024, p.n_heads = p.n_kv_heads = 64), "2^32 elements");
#undef REJECT
    rejected(pass2, "aura_flash_pass2_d64", &(struct pass2_params){ 0, 1 }, "n_heads");
    rejected(pass2, "aura_flash_pass2_d64", &(struct pass2_params){ 1, 0 }, "num_blocks");
    rejected(pass2, "aura_flash_pass2_d512", &(struct pass2_params){ 65535, 65535 }, "o_partials would have");
}

static void work_is_counted(void **state)
{
    const struct aura_flash_p1_params p = { .n_heads = 32, .n_kv_heads = 8, .tokens = 4096, .block_size = 256, .q_position = 2048 };
    struct mxb_problem pr;
    char err[MXB_ERRLEN];
    (void)state;
    assert_int_equal(problem_init(&pr, p1, ops_entry(p1, "aura_flash_p1_kb4_vb2_d128"), &p, 1, MXB_FILL_NORMAL, err, sizeof err), 0);
    assert_true(p1->flops(&pr) == 4.0 * 32 * 128 * 4096);
    assert_true(p1->bytes(&pr) == 8.0 * 4096 * (4 * 24 + 8) + 4 * (32.0 * 128 + 16 + 4) + 4 * 32 * 16 * 130.0);
    assert_int_equal(problem_init(&pr, p1, ops_entry(p1, "aura_flash_p1_causal_kb4_vb2_d64_f16"), &p, 1, MXB_FILL_NORMAL, err,
                                  sizeof err), 0);
    assert_true(p1->flops(&pr) == 4.0 * 32 * 64 * 2049);
    assert_true(p1->bytes(&pr) == 8.0 * 2049 * (4 * 12 + 4) + 2 * (32.0 * 64 + 16 + 4) + 2 * 32 * 16 * 66.0);
}

static void tables_are_consistent(void **state)
{
    (void)state;
    check_tables(p1);
    check_tables(pass2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_numbers),
        cmocka_unit_test(oracles_equal_numpy),
        cmocka_unit_test(two_passes_are_attention),
        cmocka_unit_test(permitted_arithmetic_passes),
        cmocka_unit_test(wrong_arithmetic_fails),
        cmocka_unit_test(merging),
        cmocka_unit_test(cpu_kernels),
        cmocka_unit_test(bad_arguments_are_rejected),
        cmocka_unit_test(work_is_counted),
        cmocka_unit_test(tables_are_consistent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
