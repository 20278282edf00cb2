/* The error scales of the attention ops from both sides: f32 arithmetic at the edge of what devices may do passes the program's
 * own check, arithmetic that is wrong by little fails. */
#include "tests/unit/op_fixture.h"
#include <math.h>

/* An f32 kernel: keys in chunks, of which `parts` interleaved sets are merged at the end; exp is off by up to its permitted ulp
 * times exp_ulp, the division by div_ulp.  Mistakes: the last `drop` keys left out, scores times 1 + scale, weights narrowed
 * to bf16, a maximum that rises without a rescaled sum. */
struct quality { uint32_t chunk, parts; float exp_ulp, div_ulp; uint32_t drop; float scale; bool narrow, stale; };

struct head { const float *q, *k, *v; uint32_t d, first, n; float scale; };
struct sums { float m, l, a[512]; };

/* exp(x), off by 3 + 2|x| ulp times q->exp_ulp, in a direction that looks random. */
static float wrong_exp(const struct quality *q, float x)
{
    const float e = expf(x), ulp = (3 + 2 * fabsf(x)) * q->exp_ulp * 0x1p-23f;
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const float turn = (float)(mxb_rand_uniform(9, 1, bits) * 2 - 1);
    return e == 0 ? 0 : e * (1 + ulp * turn);
}

static float score(const struct head *h, const struct quality *q, uint32_t key)
{
    float part[8] = { 0 }, dot = 0;
    for (uint32_t c = 0; c < h->d; c++) part[c % 8] += h->q[c] * h->k[(size_t)key * h->d + c];
    for (int i = 0; i < 8; i++) dot += part[i];
    return dot * (h->scale * (1 + q->scale));
}

static void add_chunk(const struct head *h, const struct quality *q, uint32_t k0, uint32_t k1, struct sums *s)
{
    float top = s->m;
    for (uint32_t k = k0; k < k1; k++) top = fmaxf(top, score(h, q, k));
    const float f = top == s->m || q->stale ? 1 : wrong_exp(q, s->m - top);
    s->m = top;
    s->l *= f;
    for (uint32_t c = 0; c < h->d; c++) s->a[c] *= f;
    for (uint32_t k = k0; k < k1; k++) {
        float w = wrong_exp(q, score(h, q, k) - top);
        w = q->narrow ? (float)mxb_round(MXB_BF16, (double)w) : w;
        s->l += w;
        for (uint32_t c = 0; c < h->d; c++) s->a[c] += w * h->v[(size_t)k * h->d + c];
    }
}

/* Keys of the chunks that are `part` modulo q->parts. */
static void add_part(const struct head *h, const struct quality *q, uint32_t part, struct sums *s)
{
    const uint32_t n = h->n > q->drop ? h->n - q->drop : 1;
    *s = (struct sums){ .m = -0x1.fffffep126f };
    for (uint32_t k = h->first / q->chunk * q->chunk; k < n; k += q->chunk)
        if (k / q->chunk % q->parts == part)
            add_chunk(h, q, k < h->first ? h->first : k, k + q->chunk < n ? k + q->chunk : n, s);
}

/* All parts, merged under their common maximum. */
static void attend(const struct head *h, const struct quality *q, struct sums *out)
{
    static struct sums part[32];
    *out = (struct sums){ .m = -0x1.fffffep126f };
    for (uint32_t p = 0; p < q->parts; p++) {
        add_part(h, q, p, &part[p]);
        out->m = fmaxf(out->m, part[p].m);
    }
    for (uint32_t p = 0; p < q->parts; p++) {
        const float f = part[p].m == out->m ? 1 : wrong_exp(q, part[p].m - out->m);
        out->l += part[p].l * f;
        for (uint32_t c = 0; c < h->d; c++) out->a[c] += part[p].a[c] * f;
    }
}

static float *widened(const struct op_run *r, uint32_t t, enum mxb_dtype narrow)
{
    float *f = malloc((r->pr.nelem[t] + 1) * sizeof *f);
    assert_non_null(f);
    for (uint64_t i = 0; i < r->pr.nelem[t]; i++)
        f[i] = (float)mxb_round(narrow, mxb_load(r->pr.dtype[t], r->input[t], i));
    return f;
}

/* sdpa_decode on all heads. */
static struct check_report decode(struct op_run *r, const struct quality *q)
{
    enum { HEADS = 4, KV_HEADS = 2, D = 64, N = 300 };       /* as in `shape` */
    float *x[3];
    for (uint32_t t = 0; t < 3; t++) x[t] = widened(r, t, MXB_F32);
    for (uint32_t i = 0; i < HEADS; i++) {
        const size_t kv = (size_t)(i / (HEADS / KV_HEADS)) * N * D;
        const struct head h = { x[0] + i * D, x[1] + kv, x[2] + kv, D, 0, N, 0.125f };
        static struct sums s;
        attend(&h, q, &s);
        const float unit = (1 + q->div_ulp * 0x1p-23f) / s.l;
        for (uint32_t c = 0; c < D; c++) mxb_store(MXB_F32, r->tensor[3], i * D + c, (double)(s.a[c] * unit));
    }
    for (int t = 0; t < 3; t++) free(x[t]);
    return judge(r);
}

static const struct setting decode_shape[] = {
    { "head_dim", 64 }, { "kv_seq_len", 300 }, { "kv_capacity", 300 }, { "scale", 0.125 }, { NULL, 0 },
};

static const struct quality good[] = {
    { .chunk = 32, .parts = 1 },
    { .chunk = 1, .parts = 1, .exp_ulp = 1, .div_ulp = 2.5f },
    { .chunk = 32, .parts = 4, .exp_ulp = 1, .div_ulp = -2.5f },
    { .chunk = 300, .parts = 1, .exp_ulp = 1 },
    { .chunk = 8, .parts = 32, .exp_ulp = 1, .div_ulp = 2.5f },
};

static void permitted_arithmetic_passes(void **state)
{
    (void)state;
    for (int fill = 0; fill < MXB_NFILL; fill++) {
        struct op_run r;
        if (fill == MXB_FILL_PROBE) continue;
        run_open(&r, "sdpa_decode", decode_shape, (enum mxb_fill)fill);
        for (size_t i = 0; i < MXB_COUNT(good); i++) {
            if (fill == MXB_FILL_EXACT && i > 0) continue;   /* bit equality is for devices with an exact exp(0) and 1/2^n */
            const struct check_report c = decode(&r, &good[i]);
            if (c.status != ST_PASS) fail_msg("fill %d quality %zu: %s", fill, i, c.text);
        }
        run_close(&r);
    }
}

static void wrong_arithmetic_fails(void **state)
{
    static const struct { enum mxb_fill fill; struct quality q; } bad[] = {
        { MXB_FILL_NORMAL, { .chunk = 32, .parts = 4, .drop = 1 } },
        { MXB_FILL_NEEDLE, { .chunk = 32, .parts = 4, .drop = 1 } },
        { MXB_FILL_NORMAL, { .chunk = 32, .parts = 4, .scale = 1e-4f } },
        { MXB_FILL_LARGE,  { .chunk = 32, .parts = 4, .scale = 1e-3f } },
        { MXB_FILL_NORMAL, { .chunk = 32, .parts = 4, .narrow = true } },
        { MXB_FILL_NORMAL, { .chunk = 32, .parts = 1, .stale = true } },
        { MXB_FILL_LARGE,  { .chunk = 32, .parts = 4, .stale = true } },
        { MXB_FILL_NORMAL, { .chunk = 32, .parts = 4, .div_ulp = 200 } },
        { MXB_FILL_NORMAL, { .chunk = 32, .parts = 4, .exp_ulp = 200 } },
        { MXB_FILL_EXACT,  { .chunk = 32, .parts = 1, .div_ulp = 1 } },
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(bad); i++) {
        struct op_run r;
        run_open(&r, "sdpa_decode", decode_shape, bad[i].fill);
        const struct check_report c = decode(&r, &bad[i].q);
        if (c.status != ST_FAIL) fail_msg("wrong arithmetic %zu passes: rms %g max %g", i, c.err_rms, c.err_max);
        run_close(&r);
    }
}

/* flash_attn_vec with nwg groups: partial sums, their weight and maximum. */
static struct check_report partial(struct op_run *r, const struct quality *q, bool narrow_q)
{
    enum { HEADS = 4, KV_HEADS = 2, D = 256, N = 300, NWG = 3 };     /* as in `vec_shape` */
    float *x[3];
    for (uint32_t t = 0; t < 3; t++) x[t] = widened(r, t, t == 0 && narrow_q ? MXB_F16 : MXB_F32);
    float *tmp = r->tensor[3];
    for (uint32_t i = 0; i < HEADS; i++)
        for (uint32_t g = 0; g < NWG; g++) {
            const size_t kv = (size_t)(i / (HEADS / KV_HEADS)) * N * D;
            const struct head h = { x[0] + i * D, x[1] + kv, x[2] + kv, D, 50, N, 0.0625f };
            static struct sums s;
            const struct quality own = { 32, NWG, q->exp_ulp, q->div_ulp, q->drop, q->scale, q->narrow, q->stale };
            add_part(&h, &own, g, &s);
            for (uint32_t c = 0; c < D; c++) tmp[4 * ((i * (D / 4) + c / 4) * NWG + g) + c % 4] = s.a[c];
            tmp[HEADS * D * NWG + 2 * (i * NWG + g)] = s.l;
            tmp[HEADS * D * NWG + 2 * (i * NWG + g) + 1] = s.m;
        }
    for (int t = 0; t < 3; t++) free(x[t]);
    return judge(r);
}

static void partial_sums_have_both_sides(void **state)
{
    static const struct setting vec_shape[] = {
        { "kv_seq_len", 300 }, { "kv_capacity", 300 }, { "nwg", 3 }, { "mask_type", 2 }, { "sliding_window", 250 }, { NULL, 0 },
    };
    static const enum mxb_fill fills[] = { MXB_FILL_NORMAL, MXB_FILL_EXACT, MXB_FILL_NEEDLE, MXB_FILL_LARGE };
    (void)state;
    for (size_t f = 0; f < MXB_COUNT(fills); f++) {
        struct op_run r;
        run_open(&r, "flash_attn_vec_dk256", vec_shape, fills[f]);
        const struct check_report exact = partial(&r, &(struct quality){ 0 }, true);
        if (exact.status != ST_PASS) fail_msg("fill %d: %s", (int)fills[f], exact.text);
        if (fills[f] == MXB_FILL_NORMAL || fills[f] == MXB_FILL_LARGE) {
            assert_int_equal(partial(&r, &(struct quality){ .exp_ulp = 1 }, true).status, ST_PASS);
            assert_int_equal(partial(&r, &(struct quality){ 0 }, false).status, ST_FAIL);        /* Q stays f32 */
            assert_int_equal(partial(&r, &(struct quality){ .narrow = true }, true).status, ST_FAIL);
            assert_int_equal(partial(&r, &(struct quality){ .scale = 1e-3f }, true).status, ST_FAIL);
            assert_int_equal(partial(&r, &(struct quality){ .stale = true }, true).status, ST_FAIL);
        }
        run_close(&r);
    }
}

/* scale_mask_softmax in f32, online over `chunk` columns at a time. */
static struct check_report softmax(struct op_run *r, const struct quality *q)
{
    enum { ROWS = 12, COLS = 600, SEQ_Q = 6 };
    for (uint32_t row = 0; row < ROWS; row++) {
        float m = -0x1.fffffep127f, z = 0, t[COLS];
        for (uint32_t k = 0; k < COLS; k++)
            t[k] = (float)mxb_load(MXB_F32, r->input[0], row * COLS + k) * 0.125f * (1 + q->scale) +
                   (float)mxb_load(MXB_BF16, r->input[2], row % SEQ_Q * COLS + k);
        for (uint32_t k0 = 0; k0 + q->drop < COLS; k0 += q->chunk) {
            float top = m;
            for (uint32_t k = k0; k < k0 + q->chunk && k + q->drop < COLS; k++) top = fmaxf(top, t[k]);
            z *= z == 0 || top == m || q->stale ? 1 : wrong_exp(q, m - top);
            m = top;
            for (uint32_t k = k0; k < k0 + q->chunk && k + q->drop < COLS; k++) z += t[k] == -INFINITY ? 0 : wrong_exp(q, t[k] - m);
        }
        for (uint32_t k = 0; k < COLS; k++) {
            const float e = t[k] == -INFINITY ? 0 : wrong_exp(q, t[k] - m);
            mxb_store(MXB_F32, r->tensor[1], row * COLS + k, z == 0 ? (double)NAN : (double)(e * ((1 + q->div_ulp * 0x1p-23f) / z)));
        }
    }
    return judge(r);
}

static void softmax_has_both_sides(void **state)
{
    static const struct setting s[] = { { "rows", 12 }, { "cols", 600 }, { "seq_q", 6 }, { NULL, 0 } };
    static const struct { enum mxb_fill fill; struct quality q; } bad[] = {
        { MXB_FILL_NORMAL, { .chunk = 8, .drop = 1 } },    { MXB_FILL_LARGE, { .chunk = 8, .scale = 1e-3f } },
        { MXB_FILL_LARGE, { .chunk = 8, .stale = true } }, { MXB_FILL_NORMAL, { .chunk = 8, .div_ulp = 100 } },
    };
    (void)state;
    for (int fill = 0; fill < MXB_NFILL; fill++) {
        struct op_run r;
        run_open(&r, "scale_mask_softmax_f32", s, (enum mxb_fill)fill);
        for (size_t i = 0; i < MXB_COUNT(good); i++) {
            if (fill == MXB_FILL_EXACT && i > 0) continue;
            const struct check_report c = softmax(&r, &good[i]);
            if (c.status != ST_PASS) fail_msg("fill %d quality %zu: %s", fill, i, c.text);
        }
        for (size_t i = 0; i < MXB_COUNT(bad); i++) {
            if (bad[i].fill != (enum mxb_fill)fill) continue;
            const struct check_report c = softmax(&r, &bad[i].q);
            if (c.status != ST_FAIL) fail_msg("wrong softmax %zu passes: rms %g max %g", i, c.err_rms, c.err_max);
        }
        run_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permitted_arithmetic_passes),
        cmocka_unit_test(wrong_arithmetic_fails),
        cmocka_unit_test(partial_sums_have_both_sides),
        cmocka_unit_test(softmax_has_both_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
