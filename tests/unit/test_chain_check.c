/* Is a chain right: each step on what it really read, and two ways to the same result within the error models of both. */
#include "tests/unit/chain_case.h"
#include <math.h>
#include <stdio.h>
#include "harness/chain_agree.h"

/* AURA: two passes over packed keys and values, against plain attention on the decoded ones; T and SCALE vary. */
#define AURA(type, plain, scale, claims)                                                                                  \
    "{chain: aura, steps: [{as: blocks, op: aura_flash_p1, entry: aura_flash_p1_kb4_vb2_d64" type "}, "                   \
    "{as: merge, op: aura_flash_pass2, entry: aura_flash_pass2_d64" type ", params: {num_blocks: '=cdiv(tokens, block_size)'}, " \
    "in: {o_partials: blocks.o_partials, m_partials: blocks.m_partials, l_partials: blocks.l_partials}}], against: ["     \
    "{as: keys, op: aura_dequant_rotated, entry: aura_dequant_rotated_int4" type ", params: {heads: =n_kv_heads, dim: =HD}, " \
    "in: {packed: blocks.key_packed, norms: blocks.key_norms, codebook: blocks.key_codebook}}, "                          \
    "{as: values, op: aura_dequant_rotated, entry: aura_dequant_rotated_int2" type ", params: {heads: =n_kv_heads, dim: =HD}, " \
    "in: {packed: blocks.val_packed, norms: blocks.val_norms, codebook: blocks.val_codebook}}, "                          \
    "{as: plain, op: sdpa, entry: " plain ", params: {head_dim: =HD, seq_len: 1, kv_seq_len: =tokens, scale: " scale "}, "\
    "in: {Q: blocks.q_rot, K: keys.out, V: values.out}}], "                                                               \
    "params: {n_heads: 4, n_kv_heads: 2, tokens: 100, block_size: 32}, check: {" claims "}}"
#define AGREE "agree: {of: merge.output, to: plain.O}"

static struct chain_case c;
static struct chain_judgement verdict;
static const struct chain_check_opts every = { .tolerance = 1, .threads = 1, .claims = true };

/* Opens and runs it on the stand-in for a device. */
static void open_case(const char *text)
{
    chain_case_open(&c, text);
    chain_case_plan(&c);
    chain_case_fill(&c);
    chain_case_run(&c);
}

static void check(void) { chain_check(c.chain, c.plan, c.stored, c.out, &every, &verdict); }

static struct agreement agreement(const char *a, const char *b)
{
    struct agreement r;
    char err[MXB_ERRLEN];
    const struct chain_ref of = chain_case_ref(&c, a), to = chain_case_ref(&c, b);
    assert_int_equal(chain_agree(c.plan, of, to, c.stored, c.out, 1, 1, &r, err, sizeof err), 0);
    return r;
}

/* ---- steps ---- */

static void test_right(void **state)
{
    static const char *const text[] = { AURA("", "sdpa", "1", AGREE), AURA("_bf16", "sdpa_bf16", "1", AGREE) };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(text); i++) {
        open_case(text[i]);
        check();
        assert_string_equal(verdict.status == ST_PASS ? "" : verdict.text, "");
        assert_non_null(strstr(verdict.text, "worst step: "));
        assert_non_null(strstr(verdict.text, "; merge.output agrees within "));
        uint64_t elements = 4 * 64;                  /* of the claim, then of all steps */
        for (uint32_t k = 0; k < c.steps->n; k++)
            for (uint32_t t = 0; t < c.steps->pr[k].op->ntensor; t++)
                if (problem_writes(&c.steps->pr[k], t)) elements += c.steps->pr[k].nelem[t];
        assert_true(verdict.compared == elements);
        chain_case_close(&c);
    }
}

/* A wrong step is told by its name; one that computes rightly from a wrong input is not. */
static void test_wrong_step(void **state)
{
    (void)state;
    open_case(AURA("", "sdpa", "1", AGREE));
    chain_case_scale(&c, "blocks.o_partials", 1.001);
    check();
    assert_int_equal(verdict.status, ST_FAIL);
    assert_memory_equal(verdict.text, "blocks: o_partials[", 19);
    for (uint32_t k = 1; k < c.steps->n; k++) chain_case_step(&c, k);        /* from the wrong partials, rightly */
    check();
    assert_memory_equal(verdict.text, "blocks: o_partials[", 19);
    chain_case_step(&c, 0);
    check();                                                                 /* now the merge does not fit its inputs */
    assert_int_equal(verdict.status, ST_FAIL);
    assert_memory_equal(verdict.text, "merge: output[", 14);
    chain_case_close(&c);
}

/* Without the steps aside, as after timing, claims on them are left out. */
static void test_timed_steps(void **state)
{
    (void)state;
    open_case(AURA("", "sdpa", "1", AGREE));
    ((struct plan *)(uintptr_t)plan_at(c.plan, 1))->next = NULL;
    check();
    assert_int_equal(verdict.status, ST_PASS);
    assert_null(strstr(verdict.text, "agrees"));
    chain_case_close(&c);
}

/* ---- agreement ---- */

/* Adds the error model of an output to var. */
static void add_variance(const char *name, double *var)
{
    const struct chain_ref ref = chain_case_ref(&c, name);
    const struct plan *p = plan_at(c.plan, ref.step);
    const uint64_t n = p->pr.nelem[ref.tensor];
    double *own = calloc(n, sizeof *own);
    struct oracle o;
    chain_case_oracle(&c, ref.step, &o);
    check_variance(&p->pr, ref.tensor, &o.t[ref.tensor], p->impl, own);
    for (uint64_t i = 0; i < n; i++) var[i] += own[i];
    oracle_free(&o);
    free(own);
}

/* The rms in sigma of two outputs that differ by one everywhere: by var, and by the program. */
static void unit_difference(const char *a, const char *b, const double *var, double *want, double *got)
{
    const struct chain_ref of = chain_case_ref(&c, a), to = chain_case_ref(&c, b);
    const uint64_t n = c.steps->pr[of.step].nelem[of.tensor];
    double sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        sum += 1 / var[i];
        mxb_store(MXB_F32, c.out[plan_tensor(of.step, of.tensor)], i, 1);
        mxb_store(MXB_F32, c.out[plan_tensor(to.step, to.tensor)], i, 0);
    }
    *want = sqrt(sum / (double)n);
    *got = agreement(a, b).rms;
}

/* Every step is right by itself, but the two ways do not compute the same: only the claim tells. */
static void test_other_meaning(void **state)
{
    (void)state;
    open_case(AURA("", "sdpa", "0.999", ""));
    check();
    assert_int_equal(verdict.status, ST_PASS);
    chain_case_close(&c);
    open_case(AURA("", "sdpa", "0.999", AGREE));
    check();
    assert_int_equal(verdict.status, ST_FAIL);
    assert_memory_equal(verdict.text, "agree: merge.output and plain.O: output[", 40);
    chain_case_close(&c);
}

/* Moves an output by `sigmas` standard deviations of its step's error model, with changing sign. */
static void move(const char *name, double sigmas)
{
    const struct chain_ref ref = chain_case_ref(&c, name);
    const struct mxb_problem *pr = &c.steps->pr[ref.step];
    double *var = calloc(pr->nelem[ref.tensor], sizeof *var);
    add_variance(name, var);
    chain_case_step(&c, ref.step);
    for (uint64_t i = 0; i < pr->nelem[ref.tensor]; i++) {
        void *out = c.out[plan_tensor(ref.step, ref.tensor)];
        const double sign = mxb_rand_u32(7, 0, i) & 1 ? 1 : -1;
        mxb_store(pr->dtype[ref.tensor], out, i, mxb_load(pr->dtype[ref.tensor], out, i) + sign * sigmas * sqrt(var[i]));
    }
    free(var);
}

/* What the error model allows to an intermediate value is carried to the result; twenty times as much is found. */
static void test_spread(void **state)
{
    (void)state;
    open_case(AURA("", "sdpa", "1", AGREE));
    const struct agreement still = agreement("merge.output", "plain.O");
    assert_true(still.bad == 0 && still.rms <= 1 && still.n == 4 * 64);
    move("blocks.o_partials", 1);
    chain_case_step(&c, 1);
    const struct agreement moved = agreement("merge.output", "plain.O");
    assert_true(moved.rms > 0.2 && moved.rms <= 1 && moved.bad == 0);
    move("blocks.o_partials", 20);
    chain_case_step(&c, 1);
    const struct agreement wrong = agreement("merge.output", "plain.O");
    assert_true(wrong.rms > 1 && wrong.bad > 0);
    chain_case_close(&c);
}

/* An orthonormal transform of 256 values spreads the variance of each over all: the spread of the second transform's output is
 * the mean variance of the first one's. */
static void test_spread_size(void **state)
{
    enum { ROWS = 3, DIM = 256 };
    double var[ROWS * DIM] = { 0 }, first[ROWS * DIM] = { 0 }, want, got;
    (void)state;
    open_case("{chain: twice, steps: [{as: a, op: fwht, entry: fwht_standalone_f32_d256}, {as: b, op: fwht, entry: "
              "fwht_standalone_f32_d256, in: {x: a.x}}, {as: other, op: fwht, entry: fwht_standalone_f32_d256}], "
              "params: {num_heads: 3}}");
    add_variance("a.x", first);
    add_variance("b.x", var);
    add_variance("other.x", var);
    for (uint32_t i = 0; i < ROWS * DIM; i++)
        for (uint32_t k = 0; k < DIM; k++) var[i] += first[i / DIM * DIM + k] / DIM;
    unit_difference("b.x", "other.x", var, &want, &got);
    assert_true(got > 0.95 * want && got < 1.1 * want);      /* of 16 draws: the mean of 1 / var comes out a little high */
    chain_case_close(&c);
}

/* A step whose inputs the other side reads too, but not its outputs, is on one side alone. */
static void test_shared_inputs_are_no_step(void **state)
{
    double var[4 * 64] = { 0 }, want, got;
    (void)state;
    open_case(AURA("", "sdpa", "1", ""));
    add_variance("merge.output", var);
    add_variance("plain.O", var);
    unit_difference("merge.output", "plain.O", var, &want, &got);
    assert_true(got < 0.9 * want);                   /* the blocks' errors make sigma larger */
    chain_case_close(&c);
}

/* The errors of a step that leads to both sides are in the data that both read, and explain no difference. */
static void test_shared_step(void **state)
{
    double var[2 * 256] = { 0 }, want, got;
    (void)state;
    open_case("{chain: merges, steps: [{as: parts, op: flash_attn_vec_tq_hb, entry: flash_attn_vec_tq_hb_dk256}, {as: merge, op: "
              "flash_attn_vec_reduce, entry: flash_attn_vec_reduce_dk256, params: {nrows: 2}, in: {tmp: parts.dst}}], against: ["
              "{as: again, op: flash_attn_vec_reduce, entry: flash_attn_vec_reduce_dk256, params: {nrows: 2}, in: {tmp: parts.dst}"
              "}], params: {n_heads: 2, n_kv_heads: 1, nwg: 4}}");
    add_variance("merge.out", var);
    add_variance("again.out", var);
    unit_difference("merge.out", "again.out", var, &want, &got);
    assert_true(fabs(got / want - 1) < 1e-9);
    chain_case_close(&c);
}

/* What both ways read is the same data, whatever it is. */
static void test_shared_inputs(void **state)
{
    (void)state;
    open_case(AURA("", "sdpa", "1", AGREE));
    chain_case_scale(&c, "keys.out", 1.01);          /* not shared: plain attention from other keys */
    chain_case_step(&c, 4);
    assert_true(agreement("merge.output", "plain.O").bad > 0);
    chain_case_run(&c);
    for (uint64_t i = 0; i < 4 * 64; i++)            /* shared: both read the query that is stored */
        mxb_store(MXB_F32, c.stored[0], i, 1.01 * mxb_load(MXB_F32, c.stored[0], i));
    chain_case_run(&c);
    assert_int_equal(agreement("merge.output", "plain.O").bad, 0);
    chain_case_close(&c);
}

static void test_not_a_number(void **state)
{
    (void)state;
    open_case(AURA("", "sdpa", "1", AGREE));
    const struct chain_ref a = chain_case_ref(&c, "merge.output"), b = chain_case_ref(&c, "plain.O");
    mxb_store(MXB_F32, c.out[plan_tensor(a.step, a.tensor)], 5, NAN);
    assert_int_equal(agreement("merge.output", "plain.O").bad, 1);
    assert_int_equal(agreement("merge.output", "plain.O").at, 5);
    mxb_store(MXB_F32, c.out[plan_tensor(b.step, b.tensor)], 5, NAN);
    assert_int_equal(agreement("merge.output", "plain.O").bad, 0);
    mxb_store(MXB_F32, c.out[plan_tensor(b.step, b.tensor)], 6, INFINITY);
    assert_int_equal(agreement("merge.output", "plain.O").bad, 1);
    chain_case_close(&c);
}

/* ---- bits and NRMSE ---- */

#define TWICE(claims)                                                                                                     \
    "{chain: twice, steps: [{as: a, op: fwht, entry: fwht_standalone_f32_d256}, {as: b, op: fwht, "                       \
    "entry: fwht_standalone_f32_d256, in: {x: a.x}}], params: {num_heads: 3}, check: {" claims "}}"

static void test_same_bits(void **state)
{
    (void)state;
    open_case(TWICE("same_bits: {of: b.x, to: a.x}"));
    check();
    assert_int_equal(verdict.status, ST_FAIL);
    assert_memory_equal(verdict.text, "same_bits: b.x and a.x: x[0,0] is ", 34);
    memcpy(c.out[plan_tensor(1, 0)], c.out[plan_tensor(0, 0)], 3 * 256 * 4);
    check();
    assert_memory_equal(verdict.text, "b: x[", 5);   /* the bits are those claimed, and wrong */
    chain_case_close(&c);
}

static void test_nrmse(void **state)
{
    static const struct { const char *text; bool pass; } bound[] = {
        { TWICE("nrmse: {of: b.x, to: a.x, min: 1.3, max: 1.5}"), true },    /* independent of each other: sqrt(2) */
        { TWICE("nrmse: {of: b.x, to: a.x, max: 1.3}"), false },
        { TWICE("nrmse: {of: b.x, to: a.x, min: 1.5, max: 1.6}"), false },
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(bound); i++) {
        open_case(bound[i].text);
        check();
        assert_int_equal(verdict.status, bound[i].pass ? ST_PASS : ST_FAIL);
        assert_non_null(strstr(verdict.text, bound[i].pass ? "; nrmse of b.x 1." : "nrmse: b.x against a.x is 1."));
        chain_case_close(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right), cmocka_unit_test(test_wrong_step), cmocka_unit_test(test_timed_steps),
        cmocka_unit_test(test_other_meaning), cmocka_unit_test(test_spread),
        cmocka_unit_test(test_spread_size), cmocka_unit_test(test_shared_inputs_are_no_step), cmocka_unit_test(test_shared_step), cmocka_unit_test(test_shared_inputs),
        cmocka_unit_test(test_not_a_number), cmocka_unit_test(test_same_bits), cmocka_unit_test(test_nrmse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
