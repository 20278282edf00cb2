/* Expansion of suites: order, values, tiles, implementations, limits, the texts of a case, filters and shards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/unit/suite_ops.h"

enum { TEXT = 1024 };

static void load_ok(const char *path, const struct suite_opts *opts, struct case_list *list)
{
    char err[MXB_ERRLEN];
    if (load_path(path, opts, list, err)) fail_msg("%s: %s", path, err);
}

static void expect_error(const char *path, const char *want)
{
    struct case_list list;
    char err[MXB_ERRLEN];
    assert_int_not_equal(load_path(path, NULL, &list, err), 0);
    assert_string_equal(err, want);
}

static const struct attn_params *attn(const struct case_list *list, uint32_t problem)
{
    return list->problem[problem].params;
}

/* "backend impl BQ=.. cache" of each case, one a line. */
static const char *targets(const struct case_list *list, char *out)
{
    static const char *const backends[] = { "cpu", "opencl", "vulkan" };
    char *at = out;
    *out = 0;
    for (uint32_t i = 0; i < list->nitem; i++) {
        const struct bench_case *c = &list->item[i];
        const struct mxb_op *op = list->problem[c->problem].block->op;
        at += sprintf(at, "%s %s", backends[c->backend], c->impl < 0 ? "auto" : op->impl[c->impl].name);
        for (uint32_t t = 0; t < c->ntile; t++)
            at += sprintf(at, " %s=%d", list->tile[c->tile + t].name, list->tile[c->tile + t].value);
        at += sprintf(at, "%s\n", c->cache == CACHE_COLD ? " cold" : "");
    }
    return out;
}

static void test_order(void **state)
{
    (void)state;
    struct case_list list;
    load_ok("{op: attn, entries: [attn_bf16_d256, attn_f32_d64], backends: cpu, params: {n_heads: 16},"
            " sweep: {batch: [3, 1], mask: [rank4, none]}, zip: {seq_len_q: [1, 2], do_causal: [true, false]}}",
            NULL, &list);
    assert_int_equal(list.nproblem, 2 * 2 * 2 * 2);
    assert_int_equal(list.nitem, list.nproblem);
    for (uint32_t i = 0; i < list.nproblem; i++) {
        const struct attn_params *p = attn(&list, i);
        assert_ptr_equal(list.problem[i].entry, &attn_entry[i < 8 ? 1 : 0]);
        assert_int_equal(p->batch, i / 4 % 2 ? 1 : 3);
        assert_int_equal(p->mask, i / 2 % 2 ? 0 : 2);
        assert_int_equal(p->seq_len_q, i % 2 ? 2 : 1);
        assert_int_equal(p->do_causal, i % 2 ? 0 : 1);
        assert_true(p->n_heads == 16 && p->n_kv_heads == 8 && p->seq_len_k == 64 && p->scale == 0.125f &&
                    p->window == -1);
        assert_int_equal(list.item[i].problem, i);
    }
    suites_free(&list);
}

static void test_ranges(void **state)
{
    (void)state;
    static const struct { const char *values; uint32_t n; uint32_t first, last; } table[] = {
        { "{range: [1, 10]}", 10, 1, 10 }, { "{range: [1, 10, 3]}", 4, 1, 10 }, { "{range: [1, 9, 3]}", 3, 1, 7 },
        { "{range: [7, 7]}", 1, 7, 7 }, { "{pow2: [1, 1024]}", 11, 1, 1024 }, { "{pow2: [64, 64]}", 1, 64, 64 },
        { "[5, 0x20, 9]", 3, 5, 9 }, { "[\"=n_heads\", 2]", 2, 8, 2 }, { "['=BD']", 1, 64, 64 },
    };
    for (size_t i = 0; i < MXB_COUNT(table); i++) {
        struct case_list list;
        char text[256];
        snprintf(text, sizeof text, "{op: attn, entries: attn_f32_d64, sweep: {batch: %s}}", table[i].values);
        load_ok(text, NULL, &list);
        assert_int_equal(list.nproblem, table[i].n);
        assert_int_equal(attn(&list, 0)->batch, table[i].first);
        assert_int_equal(attn(&list, table[i].n - 1)->batch, table[i].last);
        suites_free(&list);
    }
    struct case_list list;
    load_ok("{op: attn, entries: attn_f32_d64, sweep: {scale: {range: [0, 0.3, 0.1]}, window: {range: [-1, 1]}}}", NULL,
            &list);
    assert_int_equal(list.nproblem, 4 * 3);
    assert_true(attn(&list, 11)->scale == 0.3f && attn(&list, 3)->scale == 0.1f && attn(&list, 0)->window == -1);
    suites_free(&list);
    load_ok("{op: norm, entries: norm_f32, params: {rows: 4294967295, eps: 1e-3}}", NULL, &list);
    assert_int_equal(((const struct norm_params *)list.problem[0].params)->rows, UINT32_MAX);
    suites_free(&list);
}

static void test_expressions(void **state)
{
    (void)state;
    struct case_list list;
    load_ok("{op: attn, entries: [attn_f32_d64, attn_bf16_d256], backends: cpu, sweep: {seq_len_q: [1, 33]},"
            " params: {window: =seq_len_k-1, scale: =1/sqrt(BD), seq_len_k: \"=seq_len_q + 64\","
            " mask: '=do_causal ? none : rank4', do_causal: =seq_len_q > 1}}", NULL, &list);
    assert_int_equal(list.nproblem, 4);
    for (uint32_t i = 0; i < 4; i++) {
        const struct attn_params *p = attn(&list, i);
        const uint32_t q = i % 2 ? 33 : 1;
        assert_true(p->seq_len_q == q && p->seq_len_k == q + 64 && p->window == (int32_t)q + 63);
        assert_true(p->scale == (i < 2 ? 0.125f : 0.0625f) && p->do_causal == (q > 1) && p->mask == (q > 1 ? 0 : 2));
    }
    suites_free(&list);
    /* an axis may mix literals and expressions: the stale value of one must not leak into the other */
    load_ok("{op: attn, entries: attn_f32_d64, zip: {batch: [1, 2, 3], seq_len_q: [5, =batch*10, 7],"
            " seq_len_k: [=seq_len_q, =seq_len_q, 9]}}",
            NULL, &list);
    static const uint32_t want[3][2] = { { 5, 5 }, { 20, 20 }, { 7, 9 } };
    for (uint32_t i = 0; i < 3; i++)
        assert_true(attn(&list, i)->seq_len_q == want[i][0] && attn(&list, i)->seq_len_k == want[i][1]);
    suites_free(&list);
}

static void test_targets(void **state)
{
    (void)state;
    static const struct { const char *text, *want; } table[] = {
        { "{op: attn, entries: attn_bf16_d256}", "cpu auto\nopencl auto\nvulkan auto\n" },
        { "{op: attn, entries: attn_bf16_d256, impl: all}",
          "cpu simd\nopencl tiled\nopencl simple\nvulkan tiled\nvulkan coopmat\nvulkan simple\n" },
        { "{op: attn, entries: attn_f32_d64, impl: all, backends: vulkan}", "vulkan tiled\nvulkan simple\n" },
        { "{op: attn, entries: attn_bf16_d256, impl: [simple, simd]}", "cpu simd\nopencl simple\nvulkan simple\n" },
        { "{op: attn, entries: attn_bf16_d256, impl: coopmat}", "vulkan coopmat\n" },
        { "{op: attn, entries: [attn_f32_d64, attn_bf16_d256], impl: coopmat}", "vulkan coopmat\n" },
        { "{op: attn, entries: attn_bf16_d256, backends: [vulkan, cpu], bench: {cache: [cold, warm]}}",
          "cpu auto\ncpu auto cold\nvulkan auto\nvulkan auto cold\n" },
        { "{op: norm, entries: norm_f32, impl: all}", "cpu row\nopencl auto\nvulkan auto\n" },
        { "{op: norm, entries: norm_f32, impl: row}", "cpu row\n" },
        { "{op: orphan}", "cpu auto\nopencl auto\nvulkan auto\n" },
        { "{op: orphan, impl: all, backends: opencl}", "opencl auto\n" },
        /* tiles are cut to the constants that the implementation has; auto takes those of all of its language */
        { "{op: attn, entries: attn_bf16_d256, impl: all, tile: {BQ: [16, 32, 16], WM: [1, 2]}}",
          "cpu simd\nopencl tiled BQ=16\nopencl tiled BQ=32\nopencl simple\nvulkan tiled BQ=16\nvulkan tiled BQ=32\n"
          "vulkan coopmat BQ=16 WM=1\nvulkan coopmat BQ=16 WM=2\nvulkan coopmat BQ=32 WM=1\nvulkan coopmat BQ=32 WM=2\n"
          "vulkan simple\n" },
        { "{op: attn, entries: attn_bf16_d256, tile: {WM: 2, BK: {pow2: [8, 16]}}}",
          "cpu auto\nopencl auto BK=8\nopencl auto BK=16\nvulkan auto WM=2 BK=8\nvulkan auto WM=2 BK=16\n" },
        { "{op: attn, entries: attn_f32_d64, tile: {WM: [1, 2]}}", "cpu auto\nopencl auto\nvulkan auto\n" },
    };
    for (size_t i = 0; i < MXB_COUNT(table); i++) {
        struct case_list list;
        char got[TEXT];
        load_ok(table[i].text, NULL, &list);
        if (strcmp(targets(&list, got), table[i].want) != 0) fail_msg("%s:\n%s", table[i].text, got);
        suites_free(&list);
    }
    expect_error("{op: attn, impl: coopmat, backends: [cpu, opencl]}",
                 "<inline>:1:1: no case: the chosen impl serves none of the entries on these backends");
}

static void test_where(void **state)
{
    (void)state;
    static const struct { const char *text; uint32_t nproblem; const char *want; } table[] = {
        { "{op: attn, entries: attn_f32_d64, backends: cpu, sweep: {batch: [1, 2, 3], mask: [none, rank2]},"
          " where: batch != 2 && (mask == rank2 or batch == 1)}",
          3, "cpu auto\ncpu auto\ncpu auto\n" },
        { "{op: attn, backends: cpu, where: BD == 64}", 1, "cpu auto\n" },
        { "{op: attn, entries: attn_bf16_d256, impl: tiled, backends: vulkan, tile: {BQ: [8, 16, 32], BK: [8, 16]},"
          " where: BQ <= seq_len_q && BQ >= BK}",
          1, "vulkan tiled BQ=8 BK=8\nvulkan tiled BQ=16 BK=8\nvulkan tiled BQ=16 BK=16\n" },
        /* a combination stays where one of the constants that the implementation lacks lets it hold */
        { "{op: attn, entries: attn_bf16_d256, impl: all, backends: vulkan, tile: {BQ: [8, 16], WM: [1, 2]}, "
          "where: BQ * WM == 16}",
          1, "vulkan tiled BQ=8\nvulkan tiled BQ=16\nvulkan coopmat BQ=8 WM=2\nvulkan coopmat BQ=16 WM=1\n"
          "vulkan simple\n" },
        { "{op: attn, entries: attn_bf16_d256, impl: tiled, backends: vulkan, sweep: {seq_len_q: [4, 8, 16]},"
          " tile: {BQ: [8, 16]}, where: BQ <= seq_len_q}",
          2, "vulkan tiled BQ=8\nvulkan tiled BQ=8\nvulkan tiled BQ=16\n" },
    };
    for (size_t i = 0; i < MXB_COUNT(table); i++) {
        struct case_list list;
        char got[TEXT];
        load_ok(table[i].text, NULL, &list);
        assert_int_equal(list.nproblem, table[i].nproblem);
        if (strcmp(targets(&list, got), table[i].want) != 0) fail_msg("%s:\n%s", table[i].text, got);
        suites_free(&list);
    }
    /* what `where` removes need not be valid */
    struct case_list list;
    load_ok("{op: attn, sweep: {n_kv_heads: [2, 3, 4]}, where: n_heads % n_kv_heads == 0}", NULL, &list);
    assert_int_equal(list.nproblem, 3 * 2);
    suites_free(&list);
    expect_error("{op: attn, tile: {BQ: [8, 16]}, where: BQ > 16}",
                 "<inline>:1:40: 'where' never holds: no case is left");
    expect_error("{op: attn, tile: {BQ: [8, 16]}, params: {batch: =BQ}}",
                 "<inline>:1:50: unknown name 'BQ', did you mean 'BD'?");
    expect_error("{op: attn, tile: {BQ: [0, 16]}, where: 16 / BQ > 0}",
                 "<inline>:1:40: division by zero in '16 / BQ > 0' (attn_f32_d64)");
    expect_error("{op: attn, where: BOOLMASK == 0}", "<inline>:1:19: entry 'attn_f32_d64' has no constant 'BOOLMASK'");
}

static void test_max_cases(void **state)
{
    (void)state;
    static const struct { const char *text, *err; } table[] = {
        { "max_cases: 6\ncases: [{op: norm}]\n", NULL },
        { "max_cases: 5\ncases: [{op: norm}]\n", "t.yaml:3:9: this case expands to 6 cases, max_cases is 5" },
        { "max_cases: 9\ncases: [{op: norm}, {op: norm}]\n",
          "t.yaml:3:21: this case expands to 6 cases after 6 before it, max_cases is 9" },
        { "cases: [{op: norm, sweep: {rows: {range: [1, 16667]}}}]\n",
          "t.yaml:2:9: this case expands to 100002 cases, max_cases is 100000" },
        { "cases: [{op: attn, entries: attn_f32_d64, backends: cpu, sweep: {seq_len_q: {range: [1, 1000000]},"
          " seq_len_k: {range: [1, 1000000]}}}]\n",
          "t.yaml:2:9: this case expands to 1000000000000 cases, max_cases is 100000" },
        { "cases: [{op: attn, entries: attn_f32_d64, backends: cpu, sweep: {seq_len_q: {range: [1, 1000000]},"
          " seq_len_k: {range: [1, 1000000]}, window: {range: [1, 1000000]}, batch: {range: [1, 1024]}}}]\n",
          "t.yaml:2:9: this case expands to more than 2^64 cases, max_cases is 100000" },
        { "cases: [{op: attn, entries: attn_f32_d64, backends: cpu, sweep: {seq_len_q: {range: [1, 1000000]},"
          " seq_len_k: {range: [1, 1000000]}}, where: seq_len_q == seq_len_k}]\n",
          "t.yaml:2:9: this case expands to 1000000000000 cases before 'where', max_cases is 100000" },
        { "cases: [{op: attn, entries: attn_f32_d64, backends: cpu, sweep: {seq_len_q: {range: [1, 1000]},"
          " seq_len_k: {range: [1, 1000]}}, where: seq_len_q >= seq_len_k}]\n",
          "t.yaml:2:9: this case expands to 500500 cases, max_cases is 100000" },
        { "cases: [{op: attn, entries: attn_f32_d64, backends: cpu, sweep: {seq_len_q: {range: [1, 400]},"
          " seq_len_k: {range: [1, 400]}}, where: seq_len_q == seq_len_k}]\n", NULL },
    };
    for (size_t i = 0; i < MXB_COUNT(table); i++) {
        struct case_list list;
        char text[TEXT], err[MXB_ERRLEN];
        snprintf(text, sizeof text, "suite: t\n%s", table[i].text);
        write_text("t.yaml", text);
        const int rc = load_path("t.yaml", NULL, &list, err);
        if (table[i].err ? rc != MXB_EPARSE || strcmp(err, table[i].err) != 0 : rc != 0)
            fail_msg("%zu: %d %s", i, rc, err);
        suites_free(&list);
    }
}

static void test_texts(void **state)
{
    (void)state;
    struct case_list list;
    char text[TEXT], small[12];
    load_ok(
        "{op: attn, entries: attn_bf16_d256, params: {do_causal: true, mask: rank2, scale: 0.1}, seed: 9, impl: tiled,"
        " backends: vulkan, tile: {BQ: 32, BK: 16}, bench: {cache: cold, rounds: 5, max_time: 0.5s}}",
        NULL, &list);
    const struct bench_problem *pr = &list.problem[0];
    const char *params = "batch=1 n_heads=8 n_kv_heads=8 seq_len_q=16 seq_len_k=64 do_causal=true mask=rank2 "
                         "scale=0.100000001 window=-1";
    assert_int_equal(params_text(&attn_op, pr->params, text, sizeof text), strlen(params));
    assert_string_equal(text, params);
    assert_int_equal(params_text(&attn_op, pr->params, small, sizeof small), strlen(params));
    assert_string_equal(small, "batch=1 n_h");
    assert_int_equal(params_text(&attn_op, pr->params, NULL, 0), strlen(params));
    params_json(&attn_op, pr->params, text, sizeof text);
    assert_string_equal(
        text, "{\"batch\":1,\"n_heads\":8,\"n_kv_heads\":8,\"seq_len_q\":16,\"seq_len_k\":64,\"do_causal\":true,"
              "\"mask\":\"rank2\",\"scale\":0.100000001,\"window\":-1}");
    char want[TEXT];
    snprintf(want, sizeof want, "attn_bf16_d256 %s seed=9 vulkan tiled BQ=32 BK=16 cold", params);
    assert_int_equal(case_text(&list, &list.item[0], text, sizeof text), strlen(want));
    assert_string_equal(text, want);
    case_inline(&list, &list.item[0], MXB_FILL_NEEDLE, text, sizeof text);
    assert_string_equal(
        text, "{op: attn, entries: [attn_bf16_d256], params: {do_causal: true, mask: rank2, scale: 0.100000001},"
              " seed: 9, backends: [vulkan], impl: [tiled], tile: {BQ: 32, BK: 16}, check: {fills: [needle]},"
              " bench: {cache: [cold], rounds: 5, max_time: 500000us}}");
    /* the id of a case must not change from one version to the next */
    assert_true(case_hash(&list, &list.item[0]) == UINT64_C(0x4ff0341594a92f20));
    suites_free(&list);
}

/* Every case can be written inline, and the inline case is the same case. */
static void test_inline_again(void **state)
{
    (void)state;
    struct case_list list, one;
    char a[TEXT], b[TEXT], again[TEXT];
    write_text(
        "t.yaml",
        "suite: t\nseed: 3\ncheck: {sampled: 50}\ncases:\n"
        "  - op: attn\n    impl: all\n    sweep: {mask: [none, rank4], do_causal: [false, true]}\n"
        "    params: {scale: =1/sqrt(BD), window: 7}\n    tile: {BQ: [8, 16], WM: [1, 2]}\n"
        "    check: {tolerance: 1.1, reason: \"it's \\\"bf16\\\",\\n {x: y} \\\\ \xc3\xa4\", fills: [exact, needle]}\n"
        "    bench: {cache: [warm, cold], min_time: 30ms, rounds: 1}\n"
        "  - {op: attn, backends: [cpu, opencl], check: {same_bits_as: {batch: =batch, mask: rank2, scale: 0.5}}, "
        "bench: false}\n"
        "  - {op: norm, params: {eps: 3e-5}, check: false, tags: [x]}\n"
        "  - {op: orphan, seed: 18446744073709551615}\n");
    load_ok("t.yaml", NULL, &list);
    assert_true(list.nitem > 100);
    for (uint32_t i = 0; i < list.nitem; i++) {
        assert_true(case_inline(&list, &list.item[i], -1, a, sizeof a) < TEXT);
        assert_null(strpbrk(a, "'\n"));              /* fits between single quotes in a shell */
        load_ok(a, NULL, &one);
        assert_int_equal(one.nitem, 1);
        assert_true(case_hash(&one, &one.item[0]) == case_hash(&list, &list.item[i]));
        case_text(&list, &list.item[i], b, sizeof b);
        case_text(&one, &one.item[0], again, sizeof again);
        assert_string_equal(b, again);
        const struct suite_block *x = list.problem[list.item[i].problem].block, *y = one.problem[0].block;
        assert_true(x->check.enabled == y->check.enabled && x->check.tolerance == y->check.tolerance);
        if (x->check.enabled) assert_true(x->check.fills == y->check.fills && x->check.sampled == y->check.sampled);
        if (x->check.reason) assert_string_equal(x->check.reason, y->check.reason);
        assert_true(!x->check.same == !y->check.same && x->bench.enabled == y->bench.enabled);
        assert_true(x->bench.rounds == y->bench.rounds && x->bench.min_time_ns == y->bench.min_time_ns);
        case_inline(&one, &one.item[0], -1, again, sizeof again);
        assert_string_equal(a, again);
        suites_free(&one);
    }
    suites_free(&list);
}

static void test_hashes_differ(void **state)
{
    (void)state;
    struct case_list list;
    load_ok(
        "{op: attn, impl: all, sweep: {batch: {range: [1, 20]}, mask: [none, rank2]}, tile: {BQ: [8, 16], BK: [8, 16]},"
        " bench: {cache: [warm, cold]}}",
        NULL, &list);
    uint64_t *seen = calloc(list.nitem, sizeof *seen);
    assert_non_null(seen);
    for (uint32_t i = 0; i < list.nitem; i++) {
        seen[i] = case_hash(&list, &list.item[i]) >> 24;     /* the 10 hex digits that are shown */
        for (uint32_t k = 0; k < i; k++) assert_true(seen[k] != seen[i]);
    }
    free(seen);
    suites_free(&list);
}

static void test_same_bits(void **state)
{
    (void)state;
    struct case_list list;
    struct attn_params twin;
    char err[MXB_ERRLEN];
    load_ok("{op: attn, sweep: {seq_len_k: [10, 20]}, check: {same_bits_as: {mask: rank4, "
            "window: =seq_len_k+BD, n_kv_heads: 4}}}",
            NULL, &list);
    for (uint32_t i = 0; i < list.nproblem; i++) {
        const struct bench_problem *pr = &list.problem[i];
        assert_int_equal(suite_same_bits(pr->block->check.same, pr, &twin, err, sizeof err), 0);
        const int bd = i < 2 ? 64 : 256;
        assert_true(twin.mask == 2 && twin.n_kv_heads == 4 && twin.window == (int32_t)attn(&list, i)->seq_len_k + bd);
        assert_true(twin.seq_len_k == attn(&list, i)->seq_len_k && twin.batch == 1 && attn(&list, i)->mask == 0);
    }
    suites_free(&list);
    expect_error("{op: attn, check: {same_bits_as: {seq_len_q: 17}}}",
                 "<inline>:1:1: same_bits_as: 'o' has another size (attn_f32_d64)");
    expect_error("{op: attn, check: {same_bits_as: {mask: =3}}}",
                 "<inline>:1:1: same_bits_as: 'mask' must be in 0 .. 2, got 3 (attn_f32_d64)");
    expect_error("{op: attn, check: {same_bits_as: {mask: =rank5}}}",
                 "<inline>:1:42: unknown name 'rank5', did you mean 'rank2'?");
}

static void test_filter_and_shard(void **state)
{
    (void)state;
    static const char *const suite = "{op: attn, sweep: {batch: {range: [1, 10]}, mask: [none, rank2]}}";   /* 60 x 3 */
    static const struct { const char *filter; uint32_t n; } table[] = {
        { "batch=1 ", 18 }, { "batch=1", 36 }, { "vulkan", 60 }, { "d64 batch=10 *", 0 }, { "*d64 batch=10 *", 6 },
        { "attn_f32_d64*cpu*", 20 }, { "*mask=rank?*", 90 }, { "*[co]p[ue]*", 120 }, { "cpu auto warm", 60 },
        { "*warm", 180 }, { "*war", 0 }, { "CPU", 0 },
    };
    struct case_list list, all;
    load_ok(suite, NULL, &all);
    assert_int_equal(all.nitem, 180);
    for (size_t i = 0; i < MXB_COUNT(table); i++) {
        char err[MXB_ERRLEN];
        const int rc = load_path(suite, &(struct suite_opts){ .filter = table[i].filter }, &list, err);
        assert_int_equal(rc, table[i].n ? 0 : MXB_EINVAL);
        if (list.nitem != table[i].n) fail_msg("%s: %u", table[i].filter, list.nitem);
        for (uint32_t k = 0; k < list.nitem; k++) {
            assert_true(list.item[k].problem < list.nproblem);
            assert_true(k == 0 ? list.item[k].problem == 0 : list.item[k].problem - list.item[k - 1].problem <= 1);
        }
        suites_free(&list);
    }
    uint32_t total = 0;
    for (uint32_t i = 1; i <= 7; i++) {              /* every case is in one shard, whole problems stay together */
        load_ok(suite, &(struct suite_opts){ .shard = i, .nshard = 7 }, &list);
        assert_int_equal(list.nitem, 3 * list.nproblem);
        assert_true(list.nproblem == (i <= 4 ? 9 : 8));
        for (uint32_t k = 0; k < list.nitem; k++)
            assert_true(case_hash(&list, &list.item[k]) == case_hash(&all, &all.item[(k / 3 * 7 + i - 1) * 3 + k % 3]));
        total += list.nitem;
        suites_free(&list);
    }
    assert_int_equal(total, 180);
    load_ok(suite, &(struct suite_opts){ .shard = 2, .nshard = 2, .filter = "cpu" }, &list);
    assert_int_equal(list.nitem, 30);
    suites_free(&list);
    suites_free(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),        cmocka_unit_test(test_ranges),   cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_targets),      cmocka_unit_test(test_where),    cmocka_unit_test(test_max_cases),
        cmocka_unit_test(test_texts),        cmocka_unit_test(test_inline_again),
        cmocka_unit_test(test_hashes_differ), cmocka_unit_test(test_same_bits), cmocka_unit_test(test_filter_and_shard),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
