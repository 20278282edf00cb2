/* A chain on a device, here the cpu backend: linked tensors share a buffer, all launches follow one another, and the outputs
 * can be had step by step where a later step changes them. */
#include "tests/unit/chain_case.h"
#include <stdio.h>
#include "harness/exec.h"

extern const struct mxb_backend mxb_backend_cpu;

#define AURA                                                                                                              \
    "{chain: aura, steps: [{as: blocks, op: aura_flash_p1, entry: aura_flash_p1_kb4_vb2_d64}, {as: merge, op: "           \
    "aura_flash_pass2, entry: aura_flash_pass2_d64, params: {num_blocks: '=cdiv(tokens, block_size)'}, in: {o_partials: " \
    "blocks.o_partials, m_partials: blocks.m_partials, l_partials: blocks.l_partials}}], params: {tokens: 100, block_size: 32}}"
#define TRIP                                                                                                              \
    "{chain: trip, steps: [{as: enc, op: hadamard_quantize_kv, entry: hadamard_quantize_kv_hb_d256}, {as: dec, op: "      \
    "tq_dequantize_kv, entry: tq_dequantize_hb_kv, in: {packed: enc.packed, norms: enc.norms}}, {as: undo, op: fwht, "    \
    "entry: fwht_sign_undo_f32_d256, params: {num_heads: =num_kv_heads}, in: {x: dec.dst}}], params: {num_kv_heads: 3}}"

static struct chain_case c;
static struct exec *x;
static char err[MXB_ERRLEN];

static void open_chain(const char *text)
{
    const struct mxb_open_opts opts = { .threads = 1 };
    double ns;
    chain_case_open(&c, text);
    assert_int_equal(exec_open(&mxb_backend_cpu, 0, &opts, NULL, &x, err, sizeof err), 0);
    assert_int_equal(chain_plan(c.steps, "c", exec_caps(x), &c.arena, &c.plan, err, sizeof err), 0);
    chain_case_fill(&c);
    assert_int_equal(exec_compile(x, c.plan, &ns, err, sizeof err), 0);
}

static void close_chain(void)
{
    exec_close(x);
    chain_case_close(&c);
}

static void load(uint32_t sets) { assert_int_equal(exec_load(x, c.plan, c.stored, sets, err, sizeof err), 0); }

static void run_steps(void)
{
    struct mxb_time t;
    for (uint32_t k = 0; k < c.steps->n; k++) {
        assert_int_equal(exec_run_step(x, k, &t, err, sizeof err), 0);
        assert_int_equal(exec_fetch_step(x, k, c.stored, c.out, true, err, sizeof err), 0);
    }
}

static enum mxb_status verdict(void)
{
    const struct chain_check_opts every = { .tolerance = 1, .threads = 1, .claims = true };
    struct chain_judgement j;
    chain_check(c.chain, c.plan, c.stored, c.out, &every, &j);
    snprintf(err, sizeof err, "%s", j.text);
    return j.status;
}

static void test_flow(void **state)
{
    static const char *const text[] = { AURA, TRIP };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(text); i++) {
        open_chain(text[i]);
        load(1);
        run_steps();
        if (verdict() != ST_PASS) fail_msg("%s", err);
        close_chain();
    }
}

/* Without a link a step reads a poisoned buffer of its own: the outputs show it. */
static void test_links_share_buffers(void **state)
{
    (void)state;
    open_chain(AURA);
    const uint64_t linked = (load(1), exec_set_bytes(x));
    struct plan *merge = (struct plan *)(uintptr_t)c.plan->next;
    uint16_t from[MXB_MAX_BIND];
    memcpy(from, merge->from, sizeof from);
    memset(merge->from, 0, sizeof from);
    for (uint32_t t = 0; t < 3; t++) memset(c.stored[plan_tensor(1, t)], 0, problem_bytes(&merge->pr, t));
    load(1);
    assert_true(exec_set_bytes(x) > linked);
    run_steps();
    memcpy(merge->from, from, sizeof from);
    assert_int_equal(verdict(), ST_FAIL);
    assert_memory_equal(err, "merge: ", 7);
    close_chain();
}

/* As it is timed: all steps, repeated, on several buffer sets; what is left is what the steps give one by one. */
static void test_repetitions(void **state)
{
    struct mxb_time t;
    (void)state;
    open_chain(AURA);
    load(1);
    run_steps();
    const struct chain_ref ref = chain_case_ref(&c, "merge.output");
    const uint64_t bytes = problem_bytes(&c.steps->pr[ref.step], ref.tensor);
    void *out = c.out[plan_tensor(ref.step, ref.tensor)], *want = malloc(bytes);
    memcpy(want, out, bytes);
    memset(out, 0, bytes);
    load(3);
    assert_int_equal(exec_run(x, 2, &t, err, sizeof err), 0);
    assert_int_equal(exec_fetch(x, c.stored, c.out, true, err, sizeof err), 0);
    assert_memory_equal(out, want, bytes);
    assert_int_equal(verdict(), ST_PASS);
    free(want);
    close_chain();
}

/* What a step changes in place was fetched before: the decoded vectors and their transform are both there. */
static void test_in_place(void **state)
{
    struct mxb_time t;
    (void)state;
    open_chain(TRIP);
    load(1);
    run_steps();
    const void *dst = c.out[plan_tensor(1, 2)], *undone = c.out[plan_tensor(2, 0)];
    assert_int_equal(plan_root(c.plan, 2, 0), plan_tensor(1, 2));
    assert_memory_not_equal(dst, undone, problem_bytes(&c.steps->pr[2], 0));
    assert_int_equal(exec_run(x, 1, &t, err, sizeof err), 0);                /* at the end only the last state is left */
    assert_int_equal(exec_fetch(x, c.stored, c.out, false, err, sizeof err), 0);
    assert_memory_equal(dst, undone, problem_bytes(&c.steps->pr[2], 0));
    close_chain();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flow), cmocka_unit_test(test_links_share_buffers), cmocka_unit_test(test_repetitions),
        cmocka_unit_test(test_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
