/* Tests gated_delta_net_recompute_wu: the oracle against NumPy's numbers, its error scale against permitted and wrong
 * arithmetic, the CPU kernels, and the argument checks in their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernels/ssm/gated_delta_net_recompute_wu/gated_delta_net_recompute_wu.h"
#include "tests/unit/oracle_fixture.h"

#define PARAMS struct gated_delta_net_recompute_wu_params
extern const struct mxb_op mxb_op_gated_delta_net_recompute_wu;
static const struct mxb_op *const op = &mxb_op_gated_delta_net_recompute_wu;
static const char entry[] = "gated_delta_net_recompute_wu_bf16";

/* ---- the oracle ---- */

/* The same formula as ramp() in scripts/golden/gated_delta_net_recompute_wu.py. */
static double ramp(uint64_t i, uint64_t step, uint64_t modulus, double scale)
{
    return ((double)(i * step % modulus) - (double)(modulus / 2)) * scale;
}

static double formula(const PARAMS *p, uint32_t t, uint64_t i)
{
    switch (t) {
    case T_K:    return mxb_round(MXB_BF16, ramp(i, 37, 251, 1 / 64.0));
    case T_V:    return mxb_round(MXB_BF16, ramp(i, 41, 241, 1 / 64.0));
    case T_BETA: return mxb_round(MXB_F32, (ramp(i, 29, 101, 1) + 51) / 103);
    case T_G:    return mxb_round(MXB_F32, (double)(i / p->v_heads % p->seq_len % 64) * -0.05 - (double)(i % p->v_heads) * 0.3);
    default:     return mxb_round(MXB_F32, ramp(i, 53, 199, 1 / 256.0));
    }
}

static void oracle_equals_numpy(void **state)
{
    const PARAMS p = { .batch = 2, .seq_len = 128, .k_heads = 2, .v_heads = 4, .k_dim = 64, .v_dim = 128, .chunk = 64 };
    struct run r;
    struct mxb_ref t[7];
    unsigned b, at, h, x;
    int n, lines = 0;
    double w, u;
    (void)state;
    run_open(op, &r, entry, &p, MXB_FILL_NORMAL, 1);
    for (uint32_t i = 0; i < 7; i++) {
        const size_t bytes = r.pr.nelem[i] * sizeof(double);
        t[i] = (struct mxb_ref){ .v = room(bytes), .p = room(bytes), .x = room(bytes) };
        for (uint64_t k = 0; i < T_W && k < r.pr.nelem[i]; k++)
            t[i].v[k] = formula(&p, i, k);
    }
    op->reference(&r.pr, t, 0, 1);
    op->reference(&r.pr, t, 1, 4);
    FILE *f = fopen("tests/golden/gated_delta_net_recompute_wu/two_chunks.txt", "r");
    assert_non_null(f);
    while ((n = fscanf(f, "%u %u %u %u %lf %lf", &b, &at, &h, &x, &w, &u)) == 6) {
        const uint64_t row = (uint64_t)(b * p.seq_len + at) * p.v_heads + h;
        if (fabs(t[T_W].v[row * p.k_dim + x] - w) > 1e-12 || fabs(t[T_U].v[row * p.v_dim + x] - u) > 1e-12)
            fail_msg("[%u,%u,%u,%u]: w %.17g, u %.17g, NumPy has %.17g, %.17g", b, at, h, x, t[T_W].v[row * p.k_dim + x],
                     t[T_U].v[row * p.v_dim + x], w, u);
        lines++;
    }
    assert_int_equal(n, EOF);
    assert_int_equal(lines, 97);
    fclose(f);
    for (uint32_t i = 0; i < 7; i++)
        free(t[i].v), free(t[i].p), free(t[i].x);
    run_close(&r);
}

/* ---- the error scale ---- */

/* An f32 kernel with exp off by exp_ulp, partial sums in `chains`, and one of several mistakes. */
enum mistake { NONE, TAIL, TRIANGLE, A_ROUNDED, KB_UNROUNDED, NO_DECAY, TRUNCATED, DECAY_ONE_PERCENT };
struct quality { int chains, exp_ulp; enum mistake mistake; };

static float narrow(float v) { return (float)mxb_round(MXB_BF16, (double)v); }

/* What a store that truncates leaves of a bf16 number: 8 significant bits. */
static double cut(double v)
{
    const int e = v == 0 || !isfinite(v) ? 0 : ilogb(v) - 7;
    return isfinite(v) ? ldexp(trunc(ldexp(v, -e)), e) : v;
}

static float factor(const struct run *r, const struct quality *q, bool keys, uint64_t row, uint64_t at)
{
    const float beta = (float)in(r, T_BETA, row), g = (float)in(r, T_G, row);
    if (!keys) return narrow((float)in(r, T_V, at) * beta);
    float decay = expf(g) * (1 + (float)q->exp_ulp * 0x1p-23f);
    decay = q->mistake == NO_DECAY ? 1 : q->mistake == DECAY_ONE_PERCENT ? decay * 1.01f : decay;
    const float y = (float)in(r, T_K, at) * beta * decay;
    return q->mistake == KB_UNROUNDED ? y : narrow(y);
}

static float cell(const struct run *r, const struct quality *q, const float *f, uint64_t a_row, uint32_t i)
{
    float part[8] = { 0 }, sum = 0;
    for (uint32_t t = 0; t < 64; t++) {
        float a = (float)in(r, T_A, a_row * 64 + t);
        if ((q->mistake == TAIL && t == 63) || (q->mistake == TRIANGLE && t > i)) continue;
        a = q->mistake == A_ROUNDED ? narrow(a) : a;
        part[t % (uint32_t)q->chains] += a * f[t];
    }
    for (int c = 0; c < q->chains; c++)
        sum += part[c];
    return sum;
}

static struct check_report compute(struct run *r, const struct quality *q)
{
    const PARAMS *p = r->pr.params;
    const uint64_t tokens = (uint64_t)p->batch * p->seq_len, hv = p->v_heads;
    for (uint64_t t0 = 0; t0 < tokens; t0 += 64)
        for (uint64_t h = 0; h < hv; h++)
            for (uint64_t x = 0; x < p->k_dim + p->v_dim; x++) {
                const bool keys = x < p->k_dim;
                const uint64_t y = keys ? x : x - p->k_dim, n = keys ? p->k_dim : p->v_dim;
                float f[64];
                for (uint64_t t = 0; t < 64; t++) {
                    const uint64_t row = (t0 + t) * hv + h, kv = (t0 + t) * p->k_heads + h / (hv / p->k_heads);
                    f[t] = factor(r, q, keys, row, keys ? kv * n + y : row * n + y);
                }
                for (uint32_t i = 0; i < 64; i++) {
                    const uint64_t row = (t0 + i) * hv + h;
                    const double v = (double)cell(r, q, f, row, i);
                    put(r, keys ? T_W : T_U, row * n + y, q->mistake == TRUNCATED ? cut(v) : v);
                }
            }
    return judge(r);
}

static const PARAMS small = { .batch = 1, .seq_len = 128, .k_heads = 1, .v_heads = 2, .k_dim = 64, .v_dim = 64, .chunk = 64 };

static void permitted_arithmetic_passes(void **state)
{
    static const struct quality good[] = { { 1, 0, NONE }, { 8, 0, NONE }, { 4, 3, NONE }, { 4, -3, NONE } };
    static const enum mxb_fill fill[] = { MXB_FILL_NORMAL, MXB_FILL_EXACT, MXB_FILL_LARGE, MXB_FILL_PROBE };
    (void)state;
    for (size_t f = 0; f < MXB_COUNT(fill); f++)
        for (size_t i = 0; i < MXB_COUNT(good); i++) {
            struct run r;
            run_open(op, &r, entry, &small, fill[f], 3 + i);
            const struct check_report c = compute(&r, &good[i]);
            if (c.status != ST_PASS) fail_msg("fill %d quality %zu: %s", fill[f], i, c.text);
            run_close(&r);
        }
}

static void wrong_arithmetic_fails(void **state)
{
    static const struct { enum mxb_fill fill; enum mistake mistake; } bad[] = {
        { MXB_FILL_EXACT, TAIL }, { MXB_FILL_EXACT, TRIANGLE }, { MXB_FILL_EXACT, KB_UNROUNDED }, { MXB_FILL_EXACT, TRUNCATED },
        { MXB_FILL_NORMAL, TAIL }, { MXB_FILL_NORMAL, NO_DECAY }, { MXB_FILL_NORMAL, DECAY_ONE_PERCENT },
        { MXB_FILL_LARGE, A_ROUNDED }, { MXB_FILL_LARGE, NO_DECAY },
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(bad); i++) {
        struct run r;
        run_open(op, &r, entry, &small, bad[i].fill, 3);
        const struct check_report c = compute(&r, &(struct quality){ 4, 0, bad[i].mistake });
        if (c.status != ST_FAIL)
            fail_msg("mistake %d passes under fill %d: rms %g max %g", bad[i].mistake, bad[i].fill, c.err_rms, c.err_max);
        run_close(&r);
    }
}

/* ---- CPU kernels, arguments, accounting ---- */

static void cpu_kernels(void **state)
{
    static const uint32_t dim[] = { 64, 128, 192 };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(dim); i++)
        check_cpu(op, entry, &(PARAMS){ 2, 64, 1 + (uint32_t)i % 2, 2, dim[i], dim[2 - i], 64 });
}

static void bad_arguments_are_rejected(void **state)
{
    (void)state;
    const PARAMS ok = { 1, 128, 2, 4, 128, 128, 64 };
    PARAMS p = ok;
#define REJECT(change, text) p = ok; change; rejected(op, entry, &p, text)
    REJECT(p.batch = 0, "batch");
    REJECT(p.seq_len = 0, "seq_len");
    REJECT(p.k_heads = 0, "k_heads");
    REJECT(p.v_heads = 0, "v_heads");
    REJECT(p.k_dim = 0, "k_dim");
    REJECT(p.v_dim = 0, "v_dim");
    REJECT(p.chunk = 0, "chunk");
    REJECT((p.v_heads = 3, p.k_dim = 256), "v_heads (3) must be a multiple of k_heads (2)");
    REJECT((p.k_dim = 256, p.v_dim = 512), "K = 256 exceeds MAX_K = 192");
    REJECT(p.k_dim = 256, "32 KB of threadgroup memory");
    REJECT((p.v_dim = 320, p.chunk = 32), "V = 320 exceeds MAX_V = 256");
    REJECT((p.chunk = 32, p.seq_len = 100), "chunk (32) must be 64");
    REJECT((p.seq_len = 100, p.k_dim = 96), "seq_len (100) must be a multiple of chunk (64)");
    REJECT((p.k_dim = 96, p.v_dim = 96), "k_dim (96) must be a multiple of 64");
    REJECT(p.v_dim = 96, "v_dim (96) must be a multiple of 64");
    REJECT((p.batch = 65535, p.seq_len = 1024), "32-bit element offsets");
#undef REJECT
}

static void work_is_counted(void **state)
{
    const PARAMS p = { 1, 4096, 2, 4, 128, 128, 64 };
    struct mxb_problem pr;
    char err[MXB_ERRLEN];
    (void)state;
    assert_int_equal(problem_init(&pr, op, &op->entry[0], &p, 1, MXB_FILL_NORMAL, err, sizeof err), 0);
    assert_true(op->flops(&pr) == 2.0 * 16384 * 64 * 256 + 16384.0 * 384);
    assert_true(problem_min_bytes(&pr) == 2.0 * 4096 * 2 * 128 + 2.0 * 16384 * 128 + 8.0 * 16384 + 4.0 * 16384 * 64 +
                                              2.0 * 16384 * 256);
}

static void tables_are_consistent(void **state)
{
    (void)state;
    check_tables(op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oracle_equals_numpy),
        cmocka_unit_test(permitted_arithmetic_passes),
        cmocka_unit_test(wrong_arithmetic_fails),
        cmocka_unit_test(cpu_kernels),
        cmocka_unit_test(bad_arguments_are_rejected),
        cmocka_unit_test(work_is_counted),
        cmocka_unit_test(tables_are_consistent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
