/* Pairs of a suite: which cases they hold, how arms meet, what is left of them under options, and every error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/unit/suite_ops.h"

static struct case_list list;
static char err[MXB_ERRLEN];

static void load(const char *text, const struct suite_opts *o)
{
    write_text("t.yaml", text);
    if (load_path("t.yaml", o, &list, err)) fail_msg("%s", err);
}

static const struct suite_block *block_of(uint32_t item) { return list.problem[list.item[item].problem].block; }

/* A case of `cases:` and a pair; parameters common to the arms, one arm of two cases, one of which serves all. */
static const char sweep_text[] =
    "suite: t\n"
    "backends: [cpu]\n"
    "defaults: {params: {n_heads: 4, n_kv_heads: 4}}\n"
    "cases:\n"
    "  - {op: norm, entries: norm_f32}\n"
    "pairs:\n"
    "  - name: one against two\n"
    "    claim: half the time\n"
    "    common: {params: {batch: 3, rows: 7, n_kv_heads: 2}}\n"
    "    a: {op: attn, entries: attn_f32_d64, sweep: {seq_len_k: [16, 32, 64]}}\n"
    "    b:\n"
    "      - {op: attn, entries: attn_bf16_d256, sweep: {seq_len_k: [16, 32, 64]}}\n"
    "      - {op: norm, entries: norm_f16}\n";

static void test_arms(void **state)
{
    (void)state;
    load(sweep_text, NULL);
    assert_int_equal(list.nitem, 1 + 3 + 3 + 1);
    assert_null(block_of(0)->pair);
    const struct suite_pair *p = block_of(1)->pair;
    assert_non_null(p);
    assert_string_equal(p->name, "one against two");
    assert_string_equal(p->claim, "half the time");
    assert_int_equal(p->npart[0], 1);
    assert_int_equal(p->npart[1], 2);
    assert_int_equal(p->nvariant[BACKEND_CPU], 3);
    assert_int_equal(p->nvariant[BACKEND_VULKAN], 0);
    static const uint32_t variant[] = { 0, 0, 1, 2, 0, 1, 2, 0 };
    for (uint32_t i = 0; i < list.nitem; i++) {
        assert_int_equal(list.item[i].variant, variant[i]);
        if (i) assert_ptr_equal(block_of(i)->pair, p);
    }
    assert_ptr_equal(block_of(1), p->part[0][0]);
    assert_ptr_equal(block_of(4), p->part[1][0]);
    assert_ptr_equal(block_of(7), p->part[1][1]);
    assert_int_equal(p->part[1][0]->ncase[BACKEND_CPU], 3);
    assert_int_equal(p->part[1][1]->ncase[BACKEND_CPU], 1);
    const struct attn_params *attn = list.problem[list.item[2].problem].params;
    assert_int_equal(attn->batch, 3);
    assert_int_equal(attn->n_heads, 4);              /* of the suite's defaults */
    assert_int_equal(attn->n_kv_heads, 2);           /* `common` hides them */
    assert_int_equal(attn->seq_len_k, 32);
    assert_int_equal(((const struct norm_params *)list.problem[list.item[7].problem].params)->rows, 7);
    suites_free(&list);
}

static void test_defaults(void **state)
{
    (void)state;
    load("suite: t\ndefaults: {backends: cpu, params: {rows: 5}}\npairs:\n  - name: x\n    a: {op: norm, entries: norm_f32}\n"
         "    b: {op: norm, entries: norm_f16}\n", NULL);
    assert_int_equal(list.nitem, 2);
    assert_string_equal(block_of(0)->pair->claim, "");
    assert_int_equal(((const struct norm_params *)list.problem[0].params)->rows, 5);
    suites_free(&list);
}

/* Backends and tiles of one problem are combinations too, numbered on each backend. */
static void test_variants_by_backend(void **state)
{
    (void)state;
    load("suite: t\nbackends: [opencl, vulkan]\npairs:\n  - name: x\n    common: {op: attn, entries: attn_f32_d64}\n"
         "    a: {impl: tiled, tile: {BQ: [8, 32]}}\n    b: {impl: simple}\n", NULL);
    const struct suite_pair *p = block_of(0)->pair;
    assert_int_equal(p->nvariant[BACKEND_OPENCL], 2);
    assert_int_equal(p->nvariant[BACKEND_VULKAN], 2);
    assert_int_equal(p->part[1][0]->ncase[BACKEND_VULKAN], 1);
    static const uint32_t variant[] = { 0, 1, 0, 1, 0, 0 };
    assert_int_equal(list.nitem, 6);
    for (uint32_t i = 0; i < 6; i++) assert_int_equal(list.item[i].variant, variant[i]);
    suites_free(&list);
}

/* What `common` says of tiles, checks and timing yields to the arm and hides the defaults. */
static void test_common(void **state)
{
    (void)state;
    load("suite: t\nbackends: [vulkan]\nbench: {rounds: 2}\ndefaults: {check: {sampled: 5}, tile: {BQ: 16, BK: 8}}\npairs:\n  - name: x\n"
         "    common: {op: attn, entries: attn_f32_d64, impl: tiled, tile: {BQ: 32}, check: {fills: exact}, bench: {rounds: 4}}\n"
         "    a: {bench: {rounds: 5}}\n    b: {tile: {BQ: 8}}\n", NULL);
    static const int32_t bq[] = { 32, 8 };
    assert_int_equal(list.nitem, 2);
    for (uint32_t i = 0; i < 2; i++) {
        const struct bench_case *c = &list.item[i];
        assert_int_equal(c->ntile, 2);
        for (uint32_t k = 0; k < 2; k++) {
            const struct tile_value *t = &list.tile[c->tile + k];
            assert_int_equal(t->value, strcmp(t->name, "BQ") == 0 ? bq[i] : 8);
        }
        assert_int_equal(block_of(i)->check.sampled, 5);
        assert_int_equal(block_of(i)->check.fills, 1u << MXB_FILL_EXACT);
        assert_int_equal(block_of(i)->bench.rounds, i ? 4 : 5);
    }
    suites_free(&list);
}

/* Options that cut an arm leave ordinary cases; those that cut combinations keep the numbers of the others. */
static void test_options(void **state)
{
    (void)state;
    static const char *const norm[] = { "norm" }, *const entry[] = { "attn_f32_d64" };
    load(sweep_text, &(struct suite_opts){ .op = norm, .nop = 1 });
    assert_int_equal(list.nitem, 2);
    assert_null(block_of(1)->pair);
    suites_free(&list);
    load(sweep_text, &(struct suite_opts){ .entry = entry, .nentry = 1 });
    assert_int_equal(list.nitem, 3);
    assert_null(block_of(0)->pair);
    suites_free(&list);
    load(sweep_text, &(struct suite_opts){ .filter = "seq_len_k=32" });
    assert_int_equal(list.nitem, 2);
    assert_int_equal(list.item[0].variant, 1);
    assert_int_equal(list.item[1].variant, 1);
    assert_non_null(block_of(0)->pair);
    suites_free(&list);
    load(sweep_text, &(struct suite_opts){ .check_only = true });
    assert_false(block_of(1)->bench.enabled);
    suites_free(&list);
}

/* The case is the first unit, the pair with its seven problems the second. */
static void test_shards(void **state)
{
    (void)state;
    for (uint32_t shard = 1; shard <= 2; shard++) {
        load(sweep_text, &(struct suite_opts){ .shard = shard, .nshard = 2 });
        assert_int_equal(list.nitem, shard == 1 ? 1 : 7);
        suites_free(&list);
    }
}

struct wrong { const char *text, *err; };
#define PAIR "suite: t\npairs:\n  - "
#define ARM_A "a: {op: norm, entries: norm_f32}"
static const struct wrong wrong[] = {
    { "suite: t\npairs: 3\n", "2:8: 'pairs' must be a list, got '3'" },
    { "suite: t\npairs: []\n", "2:8: 'pairs' is an empty list" },
    { "suite: t\npairs: [x]\n", "2:9: 'pairs' must be a list of maps, got 'x'" },
    { PAIR "{" ARM_A "}\n", "3:5: a pair needs 'name'" },
    { PAIR "{name: , " ARM_A "}\n", "3:12: 'name' must be a text that is not empty, got nothing" },
    { PAIR "{name: x, common: {backends: cpu}, " ARM_A ", b: {op: norm, entries: norm_f16}}\n  - {name: x}\n",
      "4:12: a pair of this name has a case on line 3" },
    { PAIR "{name: x, calim: y}\n", "3:15: unknown key 'calim' in a pair, did you mean 'claim'?" },
    { PAIR "{name: x, " ARM_A "}\n", "3:5: a pair needs 'b', a case or a list of cases" },
    { PAIR "{name: x, " ARM_A ", b: 3}\n", "3:52: 'b' must be a case or a list of cases, got '3'" },
    { PAIR "{name: x, " ARM_A ", b: []}\n", "3:52: 'b' is an empty list" },
    { PAIR "{name: x, " ARM_A ", b: {op: nrm}}\n", "3:57: unknown op 'nrm', did you mean 'norm'?" },
    { PAIR "{name: x, " ARM_A ", b: {op: norm, bench: false}}\n", "3:52: the cases of a pair are timed: 'bench: false' does not fit" },
    { PAIR "{name: x, common: {parms: {}}, " ARM_A ", b: {op: norm}}\n",
      "3:24: unknown key 'parms' in 'common', did you mean 'params'?" },
    { PAIR "{name: x, common: {params: {rosw: 1}}, " ARM_A ", b: {op: norm}}\n", "3:33: unknown parameter 'rosw', did you mean 'rows'?" },
    { PAIR "{name: x, common: {backends: cpu}, " ARM_A ", b: {op: norm, entries: norm_f32}}\n", "3:5: 'a' and 'b' are the same case on cpu" },
    { PAIR "{name: x, a: {op: norm, entries: norm_f32, sweep: {rows: [1, 2, 3]}}, b: {op: norm, sweep: {rows: [1]}}}\n",
      "3:78: this case of 'b' gives 2 combinations on cpu, others of the pair 3: one, or as many as they" },
    { PAIR "{name: x, backends: cpu, " ARM_A ", b: {op: norm}}\n", "3:15: unknown key 'backends' in a pair*" },
    { PAIR "{name: x, common: {backends: [cpu, vulkan], op: attn, entries: attn_f32_d64}, a: {impl: simd}, b: {impl: [simd, tiled]}}\n",
      "3:86: this case of 'a' gives nothing on vulkan, where the other side has a case: name the pair's 'backends' or 'impl'" },
    { PAIR "{name: x, " ARM_A ", b: [{op: norm}, {op: norm}, {op: norm}, {op: norm}, {op: norm}, {op: norm}, {op: norm}, {op: norm}, {op: norm}]}\n",
      "3:52: 'b' has 9 cases, at most 8 are allowed" },
    { PAIR "{name: x, a: {op: norm, entries: norm_f32, backends: cpu, sweep: {rows: {range: [1, 1001]}}}, b: {op: norm, entries: norm_f16, backends: cpu}}\n",
      "3:5: this pair has 1001 ratios on cpu, at most 1000 are allowed" },
};

static void test_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(wrong); i++) {
        char want[MXB_ERRLEN];
        write_text("t.yaml", wrong[i].text);
        const int rc = load_path("t.yaml", NULL, &list, err);
        snprintf(want, sizeof want, "t.yaml:%s", wrong[i].err);
        const size_t n = strlen(want), compared = want[n - 1] == '*' ? n - 1 : n + 1;
        if (rc != MXB_EPARSE || strncmp(err, want, compared) != 0) fail_msg("rc %d, \"%s\", wanted \"%s\"", rc, err, want);
        assert_null(list.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arms),     cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_options),  cmocka_unit_test(test_variants_by_backend),
        cmocka_unit_test(test_common),
        cmocka_unit_test(test_shards),   cmocka_unit_test(test_wrong),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
