/* Chains: the parameters, seeds and links of their steps, their identity and text, and the plans of the steps. */
#include "tests/unit/chain_case.h"
#include <stdio.h>

#define ENCODE "{as: encode, op: hadamard_quantize_kv, entry: [hadamard_quantize_kv_hb_d256, hadamard_quantize_kv_hb_d512]"
#define DECODE "{as: decode, op: tq_dequantize_kv, entry: tq_dequantize_hb_kv, params: {head_dim: =DIM, read_pos: =write_pos, " \
               "norms_per_pos: =DIM/256}, in: {packed: encode.packed, norms: encode.norms}}"
#define UNDO "{as: undo, op: fwht, entry: [fwht_sign_undo_f32_d256, fwht_sign_undo_f32_d512], " \
             "params: {num_heads: =num_kv_heads}, in: {x: decode.dst}}"
#define PARAMS "params: {num_kv_heads: 3, write_pos: 2, codebook_bits: 5}"
#define ROUND_TRIP "{chain: trip, steps: [" ENCODE "}, " DECODE ", " UNDO "], " PARAMS "}"

static void test_parameters(void **state)
{
    struct chain_case c;
    (void)state;
    chain_case_open(&c, ROUND_TRIP);
    assert_int_equal(c.chain->op.nparam, 3);         /* those that the case gives, in the order of the steps' tables */
    assert_string_equal(c.chain->op.param[0].name, "num_kv_heads");
    assert_string_equal(c.chain->op.param[2].name, "codebook_bits");
    struct scope decode, undo;
    scope_problem(&decode, &c.steps->pr[1]);
    scope_problem(&undo, &c.steps->pr[2]);
    static const struct { const char *name; int64_t want; } decoded[] = {
        { "num_kv_heads", 3 }, { "codebook_bits", 5 },           /* the chain's, by name */
        { "read_pos", 2 }, { "norms_per_pos", 1 },               /* expressions of the step */
        { "head_dim", 256 },                                     /* a constant of another step's entry */
        { "cache_capacity", 16 },                                /* the op's default */
    };
    char err[MXB_ERRLEN];
    int64_t v;
    for (size_t i = 0; i < MXB_COUNT(decoded); i++) {
        assert_int_equal(scope_eval(&decode, decoded[i].name, &v, err, sizeof err), 0);
        assert_int_equal(v, decoded[i].want);
    }
    assert_int_equal(scope_eval(&undo, "num_heads", &v, err, sizeof err), 0);
    assert_int_equal(v, 3);
    chain_case_close(&c);
}

static void test_variants(void **state)
{
    struct chain_case c;
    (void)state;
    chain_case_open(&c, ROUND_TRIP);
    assert_int_equal(c.list.nproblem, 2);
    assert_string_equal(c.list.problem[0].entry->name, "trip:hadamard_quantize_kv_hb_d256");
    assert_string_equal(c.list.problem[1].entry->name, "trip:hadamard_quantize_kv_hb_d512");
    const struct bench_problem *bp = &c.list.problem[1];
    struct mxb_problem pr;
    char err[MXB_ERRLEN];
    assert_int_equal(problem_init(&pr, bp->block->op, bp->entry, bp->params, bp->seed, MXB_FILL_NORMAL, err, sizeof err), 0);
    assert_int_equal(chain_problem_init(c.steps, &pr, err, sizeof err), 0);
    assert_int_equal(c.steps->pr[1].nelem[2], 3 * 512);          /* decode.dst */
    assert_string_equal(c.steps->pr[2].entry->name, "fwht_sign_undo_f32_d512");
    chain_case_close(&c);
}

static void test_links(void **state)
{
    struct chain_case c;
    (void)state;
    chain_case_open(&c, ROUND_TRIP);
    assert_int_equal(c.steps->n, 3);
    for (uint32_t k = 0; k < 3; k++) assert_int_equal(c.steps->pr[k].seed, 1 + k);
    assert_int_equal(c.steps->from[1][0], 1 + plan_tensor(0, 1));            /* decode.packed <- encode.packed */
    assert_int_equal(c.steps->from[2][0], 1 + plan_tensor(1, 2));            /* undo.x <- decode.dst */
    const double src = 4.0 * 3 * 256, packed = 3.0 * 16 * 256, norms = 4.0 * 3 * 16, dst = 4.0 * 3 * 256;
    assert_true(chain_memory(c.steps) == src + packed + norms + dst);
    double bytes = 0, flops = 0;
    for (uint32_t k = 0; k < 3; k++) {
        bytes += problem_min_bytes(&c.steps->pr[k]);
        flops += c.steps->pr[k].op->flops ? c.steps->pr[k].op->flops(&c.steps->pr[k]) : 0;
    }
    assert_true(problem_min_bytes(&c.pr) == bytes && c.chain->op.flops(&c.pr) == flops && bytes > 0 && flops > 0);
    chain_case_plan(&c);
    assert_int_equal(plan_length(c.plan), 3);
    assert_int_equal(plan_root(c.plan, 2, 0), plan_tensor(1, 2));
    assert_int_equal(plan_root(c.plan, 1, 2), plan_tensor(1, 2));
    chain_case_fill(&c);
    const void *decoded = c.out[plan_tensor(1, 2)], *read = c.stored[plan_tensor(0, 0)];
    assert_ptr_equal(plan_content(c.plan, 2, 0, c.stored, c.out), decoded);  /* not what undo makes of it */
    assert_ptr_equal(plan_content(c.plan, 0, 0, c.stored, c.out), read);
    chain_case_close(&c);
}

/* Steps against which the result is held are not counted as work, and neither they nor the claims make another case. */
static void test_against(void **state)
{
    struct chain_case a, b;
    (void)state;
    chain_case_open(&a, ROUND_TRIP);
    chain_case_open(&b, "{chain: trip, steps: [" ENCODE "}, " DECODE ", " UNDO "], against: [{as: again, op: fwht, "
                        "entry: fwht_sign_undo_f32_d256, params: {num_heads: 7}}], " PARAMS
                        ", check: {nrmse: {of: undo.x, to: encode.src, max: 1}}}");
    assert_int_equal(b.steps->n, 4);
    assert_true(b.chain->step[3].aside && !b.chain->step[2].aside);
    assert_true(problem_min_bytes(&a.pr) == problem_min_bytes(&b.pr));
    assert_int_equal(a.chain->op.def_version, b.chain->op.def_version);
    assert_true(case_hash(&a.list, &a.list.item[0]) == case_hash(&b.list, &b.list.item[0]));
    chain_case_close(&a);
    chain_case_close(&b);
}

/* Two chains of one name are different cases as soon as a timed step differs. */
static void test_version(void **state)
{
    static const char *const other[] = {
        "{chain: trip, steps: [" ENCODE ", params: {n_tokens: 2}}, " DECODE ", " UNDO "], " PARAMS "}",
        "{chain: trip, steps: [" ENCODE ", impl: [local]}, " DECODE ", " UNDO "], " PARAMS "}",
        "{chain: trip, steps: [" ENCODE ", tile: {WG: 32}}, " DECODE ", " UNDO "], " PARAMS "}",
        "{chain: trip, steps: [" ENCODE "}, " DECODE "], " PARAMS "}",
        "{chain: trip, steps: [" ENCODE "}, {as: decode, op: tq_dequantize_kv, entry: tq_dequantize_hb_kv, "
        "params: {head_dim: =DIM, read_pos: =write_pos, norms_per_pos: =DIM/256}}, " UNDO "], " PARAMS "}",
    };
    struct chain_case a, b;
    (void)state;
    chain_case_open(&a, ROUND_TRIP);
    for (size_t i = 0; i < MXB_COUNT(other); i++) {
        chain_case_open(&b, other[i]);
        assert_int_not_equal(a.chain->op.def_version, b.chain->op.def_version);
        chain_case_close(&b);
    }
    chain_case_close(&a);
}

/* The repro line's case is the same case. */
static void test_inline_text(void **state)
{
    static const char text[] =
        "{chain: trip, steps: [" ENCODE ", params: {src_tok_offset: '=write_pos > 1 ? 1 : 0'}, tile: {WG: 64}}, " DECODE ", " UNDO
        "], against: [{as: again, op: fwht, entry: fwht_sign_undo_f32_d256, impl: [local, avx2], params: {num_heads: 7}}], "
        "zip: {num_kv_heads: [3, 4], write_pos: [2, 5]}, seed: 9, check: {fills: [normal], agree: {of: undo.x, to: decode.dst}, "
        "same_bits: [{of: undo.x, to: decode.dst}], nrmse: {of: undo.x, to: decode.dst, min: 0.1, max: 2}}, backends: [cpu]}";
    struct chain_case a, b;
    char first[8192], second[8192], line[2][512];
    (void)state;
    chain_case_open(&a, text);
    for (uint32_t i = 0; i < a.list.nitem; i++) {
        assert_true(case_inline(&a.list, &a.list.item[i], -1, first, sizeof first) < (int)sizeof first);
        chain_case_open(&b, first);
        assert_int_equal(b.list.nitem, 1);
        case_inline(&b.list, &b.list.item[0], -1, second, sizeof second);
        assert_string_equal(first, second);
        case_text(&a.list, &a.list.item[i], line[0], sizeof line[0]);
        case_text(&b.list, &b.list.item[0], line[1], sizeof line[1]);
        assert_string_equal(line[0], line[1]);
        assert_true(case_hash(&a.list, &a.list.item[i]) == case_hash(&b.list, &b.list.item[0]));
        assert_int_equal(a.chain->op.def_version, b.chain->op.def_version);
        chain_case_close(&b);
    }
    chain_case_close(&a);
}

/* Equal bits and NaN are promised only for inputs that an op has made itself. */
static void test_fills(void **state)
{
    struct chain_case c;
    (void)state;
    chain_case_open(&c, ROUND_TRIP);
    assert_int_equal(c.chain->op.fills & (1u << MXB_FILL_EXACT | 1u << MXB_FILL_PROBE), 0);
    assert_int_not_equal(c.chain->op.fills & 1u << MXB_FILL_NORMAL, 0);
    chain_case_close(&c);
}

#define PREFILL(bq)                                                                                                        \
    "{chain: blk, steps: [{as: classify, op: flash_attn_prefill_blk, entry: flash_attn_prefill_blk_bf16, params: {bq: " bq \
    ", bk: 16}}, {as: attend, op: flash_attn_prefill, entry: flash_attn_prefill_bf16_d256, params: {mask: rank2, has_blk: " \
    "true}, in: {mask: classify.mask, blk: classify.blk}, tile: {BQ: 32, BK: 16}}], params: {seq_len_q: 40, seq_len_k: 40}}"

/* A tensor that is sized by tiles is held against its source when they are known. */
static void test_tiles(void **state)
{
    struct chain_case c;
    struct plan *plan;
    char why[MXB_ERRLEN];
    (void)state;
    chain_case_open(&c, PREFILL("32"));
    chain_case_plan(&c);
    assert_string_equal(plan_at(c.plan, 1)->tile_text, "BQ=32 BK=16");
    char text[128];
    plan_tile_text(c.plan, text, sizeof text);
    assert_string_equal(text, "attend.BQ=32 attend.BK=16");
    chain_case_close(&c);
    chain_case_open(&c, PREFILL("16"));
    assert_int_equal(chain_plan(c.steps, "c", &plain_cpu, &c.arena, &plan, why, sizeof why), MXB_EINVAL);
    assert_string_equal(why, "attend: blk has 6 bytes, classify.blk has 9");
    chain_case_close(&c);
}

/* impl: the first of the names that the language has, else the op's own choice; what a device lacks is told with the step. */
static void test_impls(void **state)
{
    struct chain_case c;
    struct plan *plan;
    struct mxb_caps caps = plain_cpu;
    char why[MXB_ERRLEN], text[64];
    (void)state;
    caps.features = MXB_FEAT_AVX2;
    chain_case_open(&c, "{chain: two, steps: [{as: a, op: fwht, entry: fwht_standalone_f32_d256, impl: [local, base]}, {as: b, "
                        "op: fwht, entry: fwht_standalone_f32_d256, in: {x: a.x}}], params: {num_heads: 3}}");
    assert_int_equal(chain_plan(c.steps, "c", &caps, &c.arena, &plan, why, sizeof why), 0);
    plan_impl_text(plan, text, sizeof text);
    assert_string_equal(text, "base+avx2");
    assert_true(plan_needs(plan) == MXB_FEAT_AVX2);
    chain_case_close(&c);
    chain_case_open(&c, "{chain: two, steps: [{as: a, op: fwht, entry: fwht_standalone_f32_d256}, {as: b, op: fwht, "
                        "entry: fwht_standalone_f32_d256, impl: avx512, in: {x: a.x}}], params: {num_heads: 3}}");
    assert_int_equal(chain_plan(c.steps, "c", &caps, &c.arena, &plan, why, sizeof why), MXB_EUNSUP);
    assert_memory_equal(why, "b: impl avx512 needs ", 21);
    chain_case_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters), cmocka_unit_test(test_variants), cmocka_unit_test(test_links),
        cmocka_unit_test(test_against), cmocka_unit_test(test_version), cmocka_unit_test(test_inline_text),
        cmocka_unit_test(test_fills), cmocka_unit_test(test_tiles), cmocka_unit_test(test_impls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
