/* Reading of suites: what is accepted, how levels merge, and every error with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>
#include "tests/unit/suite_ops.h"

struct wrong { const char *text, *err; };            /* err: line:column: text; a * at its end stands for anything */

static const struct wrong wrong_suites[] = {
    { "", "1:1: the file is empty" },
    { "# only a comment\n", "1:1: the file is empty" },
    { "---\n", "1:1: the file is empty" },
    { "suite: t\n\377\376\n", "2:1: not a text file (invalid UTF-8)" },
    { "suite: [a\ncases: 3\n",
      "2:6: YAML: *" },
    { "suite: t\n\tcases: 3\n",
      "2:1: YAML: *" },
    { "a: b: c\n", "1:5: YAML: *" },
    { "suite: t\007\n", "1:9: YAML: *" },
    { "suite: t\ncases:\n  - op: attn\n---\nsuite: u\n", "4:1: a second YAML document: a suite is one document" },
    { "- a\n", "1:1: a suite is a map with 'suite' and 'cases'" },
    { "just text\n", "1:1: a suite is a map with 'suite' and 'cases'" },
    { "suite: t\nsuite: u\n", "2:1: key 'suite' is given twice, first on line 1" },
    { "suit: t\ncases: []\n", "1:1: unknown key 'suit' in a suite, did you mean 'suite'?" },
    { "suite: t\n", "1:1: a suite needs 'cases', 'pairs' or 'include'" },
    { "suite: t\ncases: []\n", "2:8: 'cases' is an empty list" },
    { "suite: t\ncases: 3\n", "2:8: 'cases' must be a list, got '3'" },
    { "suite: t\ncases:\n", "2:7: 'cases' must be a list, got nothing" },
    { "cases:\n  - op: attn\n", "1:1: a suite needs 'suite', its name" },
    { "suite: ''\ncases:\n  - op: attn\n", "1:8: 'suite' must be a text that is not empty, got the text ''" },
    { "suite: t\nbackends: [cpu, metal]\ncases:\n  - op: attn\n",
      "2:17: unknown backend 'metal' (known: cpu, opencl, vulkan)" },
    { "suite: t\nbackends: []\ncases:\n  - op: attn\n", "2:11: 'backends' is an empty list" },
    { "suite: t\nbackends: {cpu: 1}\ncases:\n  - op: attn\n",
      "2:11: 'backends' must be a name or a list of names, got a map" },
    { "suite: t\nseed: -1\ncases:\n  - op: attn\n", "2:7: 'seed' must be in 0 .. 18446744073709551615, got '-1'" },
    { "suite: t\nseed: 18446744073709551616\ncases:\n  - op: attn\n",
      "2:7: 'seed' must be in 0 .. 18446744073709551615, got '18446744073709551616'" },
    { "suite: t\nseed: x\ncases:\n  - op: attn\n", "2:7: 'seed' must be an integer, got 'x'" },
    { "suite: t\nmax_cases: 2000000\ncases:\n  - op: attn\n",
      "2:12: 'max_cases' must be in 1 .. 1000000, got '2000000'" },
    { "suite: t\ninclude: x.yaml\nseed: 4\n", "3:7: 'seed' is for the cases of this file, and it has none" },
    { "suite: t\ninclude: x.yaml\n", "2:10: cannot read 'x.yaml': No such file or directory" },
    { "suite: t\ninclude: /etc/passwd\n", "2:10: cannot include '/etc/passwd': the path is absolute" },
    { "suite: t\ninclude: [a/../../x]\n", "2:11: cannot include 'a/../../x': the path leaves the folder of this file" },
    { "suite: t\ncases:\n  - op: attn\n    where: batch = 2\n", "4:18: '=' is not an operator, write '=='" },
    { "suite: t\ncases:\n  - op: attn\n    where: 'batch < 2 <'\n",
      "4:23: comparisons do not chain, write a < b && b < c" },
    { "suite: t\ncases:\n  - op: attn\n    where: seq_len < 2\n",
      "4:12: unknown name 'seq_len', did you mean 'seq_len_q'?" },
    { "suite: t\ncases:\n  - op: attn\n    where: 1 < batch < 3\n",
      "4:22: comparisons do not chain, write a < b && b < c" },
    { "suite: t\ncases:\n  - op: attn\n    where: [a]\n", "4:12: 'where' must be an expression, got a list" },
    { "suite: t\ncases:\n  - op: attn\n    where: 5 % (batch - 1)\n",
      "4:12: division by zero in '5 % (batch - 1)' (attn_f32_d64 batch=1)" },
    { "suite: t\ncheck: {fills: [large]}\ncases:\n  - op: attn\n", "2:16: op 'attn' has none of these fills" },
    { "suite: t\nmax_cases: 5\ncases:\n  - {op: norm, entries: norm_f32}\n  - {op: norm}\n",
      "5:5: this case expands to 6 cases after 3 before it, max_cases is 5" },
    { "suite: t\ndefaults: {params: {bach: 2}}\ncases:\n  - op: attn\n",
      "2:21: unknown parameter 'bach', did you mean 'batch'?" },
    { "suite: t\ndefaults: {tile: {BM: 2}}\ncases:\n  - op: attn\n", "2:19: unknown tile constant 'BM'" },
    { "suite: t\ndefaults: 3\ncases:\n  - op: attn\n", "2:11: 'defaults' must be a map, got '3'" },
    { "suite: t\ndefaults: {prams: {}}\ncases:\n  - op: attn\n",
      "2:12: unknown key 'prams' in 'defaults', did you mean 'params'?" },
    { "suite: t\ncases:\n  - op: attn\n    where: |\n      batch\n      <\n",
      "4:12: expected a value, but the expression ends" },
};
static const struct wrong wrong_cases[] = {
    { "attn", "3:5: 'cases' must be a list of maps, got 'attn'" },
    { "{entries: all}", "3:5: a case needs 'op'" },
    { "{op: atn}", "3:10: unknown op 'atn', did you mean 'attn'?" },
    { "{op: [attn]}", "3:10: 'op' must be the name of an op, got a list" },
    { "{op: attn, swep: {batch: [1]}}", "3:16: unknown key 'swep' in a case, did you mean 'sweep'?" },
    { "{op: attn, entries: [attn_f32_d46]}", "3:26: unknown entry 'attn_f32_d46', did you mean 'attn_f32_d64'?" },
    { "{op: attn, entries: [norm_f32]}", "3:26: entry 'norm_f32' belongs to op 'norm', not to 'attn'" },
    { "{op: attn, entries: [attn_f32_d64, attn_f32_d64]}", "3:40: entry 'attn_f32_d64' is named twice" },
    { "{op: attn, entries: []}", "3:25: 'entries' is an empty list" },
    { "{op: attn, params: {batsh: 1}}", "3:25: unknown parameter 'batsh', did you mean 'batch'?" },
    { "{op: attn, params: [1]}", "3:24: 'params' must be a map of parameters, got a list" },
    { "{op: attn, params: }", "3:24: 'params' must be a map of parameters, got nothing" },
    { "{op: attn, params: {batch: 0}}", "3:32: 'batch' must be in 1 .. 1024, got '0'" },
    { "{op: attn, params: {batch: -3}}", "3:32: 'batch' must be in 1 .. 1024, got '-3'" },
    { "{op: attn, params: {batch: 4294967296}}", "3:32: 'batch' must be in 1 .. 1024, got '4294967296'" },
    { "{op: attn, params: {batch: 99999999999999999999999}}",
      "3:32: 'batch' must be in 1 .. 1024, got '99999999999999999999999'" },
    { "{op: attn, params: {batch: 1.5}}", "3:32: 'batch' must be an integer, got '1.5'" },
    { "{op: attn, params: {batch: '1'}}", "3:32: 'batch' must be an integer, got the text '1'" },
    { "{op: attn, params: {batch: [1]}}", "3:32: 'batch' must be an integer, got a list" },
    { "{op: attn, params: {batch: }}", "3:32: 'batch' must be an integer, got nothing" },
    { "{op: attn, params: {do_causal: yes}}", "3:36: 'do_causal' must be true or false, got 'yes'" },
    { "{op: attn, params: {mask: rank3}}", "3:31: 'mask' has no value 'rank3', did you mean 'rank2'?" },
    { "{op: attn, params: {scale: .nan}}", "3:32: 'scale' must be a number, got '.nan'" },
    { "{op: attn, params: {scale: 1e99}}", "3:32: 'scale' must be in 0 .. 1, got '1e99'" },
    { "{op: attn, params: {scale: 2}}", "3:32: 'scale' must be in 0 .. 1, got '2'" },
    { "{op: attn, params: {window: -2}}", "3:33: 'window' must be in -1 .. 1000000, got '-2'" },
    { "{op: attn, sweep: {batch: []}}", "3:31: 'batch' is an empty list" },
    { "{op: attn, sweep: {batch: 3}}", "3:31: 'batch' must be a list, {range: [..]} or {pow2: [..]}, got '3'" },
    { "{op: attn, sweep: {batch: {range: [1]}}}", "3:39: 'range' must be [first, last, step], got a list" },
    { "{op: attn, sweep: {batch: {range: [5, 1]}}}", "3:39: 'range' runs backwards, from 5 to 1" },
    { "{op: attn, sweep: {batch: {range: [1, 5, 0]}}}", "3:46: 'step' must be in 1 .. 4294967295, got '0'" },
    { "{op: attn, sweep: {batch: {pow2: [3, 8]}}}", "3:39: 'pow2' needs powers of two, got 3" },
    { "{op: attn, sweep: {batch: {pow: [2, 8]}}}", "3:32: unknown key 'pow' in a range, did you mean 'pow2'?" },
    { "{op: attn, sweep: {batch: {}}}", "3:31: 'batch' needs one of 'range' and 'pow2'" },
    { "{op: attn, sweep: {mask: {range: [0, 1]}}}", "3:30: 'range' needs a number parameter, 'mask' is not" },
    { "{op: attn, sweep: {scale: {pow2: [1, 1]}}}", "3:31: 'pow2' needs an integer parameter, 'scale' is not" },
    { "{op: norm, sweep: {rows: {range: [1, 4000000000]}}}",
      "3:38: 'range' gives 4000000000 values, at most 1000000 are allowed" },
    { "{op: attn, zip: {batch: [1, 2], mask: [none]}}",
      "3:37: lists of a zip must be equally long, 'batch' has 2 values and 'mask' 1" },
    { "{op: attn, params: {batch: 1}, sweep: {batch: [1, 2]}}",
      "3:44: 'batch' is given twice, in 'params' and in 'sweep'" },
    { "{op: attn, params: {batch: =batch+1}}", "3:32: expressions in a circle: 'batch' needs 'batch'" },
    { "{op: attn, params: {batch: =n_heads, n_heads: =n_kv_heads, n_kv_heads: =batch}}",
      "3:76: expressions in a circle: 'n_kv_heads' needs 'batch' needs 'n_heads' needs 'n_kv_heads'" },
    { "{op: attn, params: {batch: =bach+1}}", "3:33: unknown name 'bach', did you mean 'batch'?" },
    { "{op: attn, params: {batch: '=1 +'}}", "3:37: expected a value, but the expression ends" },
    { "{op: attn, params: {batch: =1/(n_heads-8)}}",
      "3:32: division by zero in '=1/(n_heads-8)' (attn_f32_d64 n_heads=8)" },
    { "{op: attn, params: {batch: =n_heads*1000}}",
      "3:32: 'batch' must be in 1 .. 1024, got 8000 in '=n_heads*1000' (attn_f32_d64 n_heads=8)" },
    { "{op: attn, params: {batch: =n_heads/16.0}}",
      "3:32: 'batch' must be an integer, got 0.5 in '=n_heads/16.0' (attn_f32_d64 n_heads=8)" },
    { "{op: attn, params: {seq_len_k: =BOOLMASK+1}}", "3:36: entry 'attn_f32_d64' has no constant 'BOOLMASK'" },
    { "{op: attn, where: batch == 2}", "3:23: 'where' never holds: no case is left" },
    { "{op: attn, tile: {BM: [1]}}", "3:23: unknown tile constant 'BM', did you mean 'BQ'?" },
    { "{op: attn, tile: {BQ: []}}", "3:27: 'BQ' is an empty list" },
    { "{op: attn, tile: {BQ: -1}}", "3:27: 'BQ' must be in 0 .. 2147483647, got '-1'" },
    { "{op: attn, tile: {BQ: 2147483648}}", "3:27: 'BQ' must be in 0 .. 2147483647, got '2147483648'" },
    { "{op: attn, tile: {BQ: big}}", "3:27: 'BQ' must be an integer, got 'big'" },
    { "{op: attn, tile: [BQ]}", "3:22: 'tile' must be a map of tile constants, got a list" },
    { "{op: attn, tile: {BQ: {range: [1,300]}}}", "3:27: 'BQ' has 300 values, at most 256 are allowed" },
    { "{op: attn, impl: [tield]}", "3:23: unknown impl 'tield', did you mean 'tiled'?" },
    { "{op: attn, impl: coopmat, backends: cpu}",
      "3:5: no case: the chosen impl serves none of the entries on these backends" },
    { "{op: norm, impl: row, backends: vulkan}",
      "3:5: no case: the chosen impl serves none of the entries on these backends" },
    { "{op: attn, check: {fills: [large]}}", "3:31: op 'attn' has no fill 'large'" },
    { "{op: attn, check: {fills: [norml]}}", "3:32: unknown fill 'norml', did you mean 'normal'?" },
    { "{op: attn, check: {fills: []}}", "3:31: 'fills' is an empty list" },
    { "{op: attn, check: maybe}", "3:23: 'check' must be a map, true or false, got 'maybe'" },
    { "{op: attn, check: {tolerance: 2}}", "3:35: 'tolerance' needs a 'reason'" },
    { "{op: attn, check: {reason: x}}", "3:32: 'reason' belongs to a 'tolerance', and there is none" },
    { "{op: attn, check: {tolerance: 0, reason: x}}", "3:35: 'tolerance' must be greater than 0, got '0'" },
    { "{op: attn, check: {tolerance: 2, reason: }}", "3:46: 'reason' must be a text that is not empty, got nothing" },
    { "{op: attn, check: {sampled: -1}}", "3:33: 'sampled' must be in 0 .. 1000000000000, got '-1'" },
    { "{op: attn, check: {fill: normal}}", "3:24: unknown key 'fill' in 'check', did you mean 'fills'?" },
    { "{op: attn, check: {same_bits_as: 3}}", "3:38: 'same_bits_as' must be a map of parameters, got '3'" },
    { "{op: attn, check: {same_bits_as: {bach: 3}}}", "3:39: unknown parameter 'bach', did you mean 'batch'?" },
    { "{op: attn, check: {same_bits_as: {batch: 3}}}", "3:5: same_bits_as: 'o' has another size (attn_f32_d64)" },
    { "{op: attn, check: {same_bits_as: {mask: '=BOOLMASK'}}}",
      "3:5: same_bits_as: entry 'attn_f32_d64' has no constant 'BOOLMASK' (attn_f32_d64)" },
    { "{op: attn, bench: {cache: [hot]}}", "3:32: unknown cache mode 'hot' (known: warm, cold)" },
    { "{op: attn, bench: {rounds: 0}}", "3:32: 'rounds' must be in 1 .. 16, got '0'" },
    { "{op: attn, bench: {rounds: 17}}", "3:32: 'rounds' must be in 1 .. 16, got '17'" },
    { "{op: attn, bench: {min_effect: 3}}", "3:36: 'min_effect' must be a percentage such as 3%, got '3'" },
    { "{op: attn, bench: {min_effect: 0%}}", "3:36: 'min_effect' must be in 0.1% .. 1000%, got '0%'" },
    { "{op: attn, bench: {max_time: 2}}", "3:34: 'max_time' must be a duration such as 500us, 50ms or 2s, got '2'" },
    { "{op: attn, bench: {max_time: 2h}}", "3:34: 'max_time' must be a duration such as 500us, 50ms or 2s, got '2h'" },
    { "{op: attn, bench: {max_time: 90min}}", "3:34: 'max_time' must be in 1us .. 60min, got '90min'" },
    { "{op: attn, bench: {min_time: 2s, max_time: 1s}}", "3:48: 'min_time' is longer than 'max_time'" },
    { "{op: attn, bench: false, check: false}", "3:5: a case with 'check: false' and 'bench: false' does nothing" },
    { "{op: attn, bench: 3}", "3:23: 'bench' must be a map, true or false, got '3'" },
    { "{op: attn, tags: }", "3:22: 'tags' must be a name or a list of names, got nothing" },
    { "{op: attn, about: [1]}", "3:23: 'about' must be a text that is not empty, got a list" },
    { "{op: norm, sweep: {rows: {range: [1, 1000]}, dim: {range: [1, 1000]}}}",
      "3:5: this case expands to 6000000 cases, max_cases is 100000" },
    { "{op: norm, sweep: {rows: {range: [1, 100000]}, dim: {range: [1, 60000]}}}",
      "3:5: this case expands to 36000000000 cases, max_cases is 100000" },
    { "{op: norm, where: rows >= dim, sweep: {rows: {range: [1, 1000]}, dim: {range: [1, 1000]}}}",
      "3:5: this case expands to 3003000 cases, max_cases is 100000" },
    { "{op: norm, where: rows == dim, sweep: {rows: {range: [1, 10000]}, dim: {range: [1, 10000]}}}",
      "3:5: this case expands to 600000000 cases before 'where', max_cases is 100000" },
    { "{op: attn, params: *x}", "3:24: alias of an unknown anchor 'x'" },
    { "&x {op: attn, params: *x}", "3:27: anchor 'x' contains itself" },
    { "{op: !!str attn}", "3:10: YAML tag 'tag:yaml.org,2002:str' is not supported" },
    { "{op: attn, ? [a] : b}", "3:18: a key must be a name" },
    { "{op: attn, where: \"batch \\n < \"}", "3:23: expected a value, but the expression ends" },
};

static void expect_error(const char *path, int want_rc, const char *prefix, const char *want)
{
    struct case_list list;
    char err[MXB_ERRLEN], text[2 * MXB_ERRLEN];
    const int rc = load_path(path, NULL, &list, err);
    snprintf(text, sizeof text, "%s%s", prefix, want);
    size_t n = strlen(text);
    const bool open_end = n && text[n - 1] == '*';
    if (rc != want_rc || strncmp(err, text, open_end ? n - 1 : sizeof text) != 0 || strchr(err, '\n'))
        fail_msg("rc %d, \"%s\", wanted \"%s\"", rc, err, text);
    assert_null(list.arena);                         /* nothing is left to free */
}

static void test_wrong_suites(void **state)
{
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(wrong_suites); i++) {
        write_text("t.yaml", wrong_suites[i].text);
        const bool missing = strstr(wrong_suites[i].err, "No such file") != NULL;
        expect_error("t.yaml", missing ? MXB_ENOENT : MXB_EPARSE, "t.yaml:", wrong_suites[i].err);
    }
}

static void test_wrong_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(wrong_cases); i++) {
        char text[MXB_ERRLEN];
        snprintf(text, sizeof text, "suite: t\ncases:\n  - %s\n", wrong_cases[i].text);
        write_text("t.yaml", text);
        expect_error("t.yaml", MXB_EPARSE, "t.yaml:", wrong_cases[i].err);
    }
}

/* problem_init() has its own words; place and parameters are the suite's. */
static void test_rejected_problem(void **state)
{
    (void)state;
    struct case_list list;
    char err[MXB_ERRLEN];
    write_text("t.yaml",
               "suite: t\ncases:\n  - op: attn\n    sweep: {n_kv_heads: [4, 3]}\n    params: {mask: rank2}\n");
    assert_int_equal(load_path("t.yaml", NULL, &list, err), MXB_EPARSE);
    assert_ptr_equal(strstr(err, "t.yaml:3:5: "), err);
    assert_non_null(strstr(err, "n_heads must be a multiple of n_kv_heads"));
    assert_non_null(strstr(err, "(attn_f32_d64 n_kv_heads=3 mask=rank2)"));
    write_text("t.yaml", "suite: t\ncases:\n  - op: attn\n    check: {same_bits_as: {n_kv_heads: 3}}\n");
    assert_int_equal(load_path("t.yaml", NULL, &list, err), MXB_EPARSE);
    assert_ptr_equal(strstr(err, "t.yaml:3:5: same_bits_as: "), err);
}

static void test_files(void **state)
{
    (void)state;
    struct case_list list;
    char err[MXB_ERRLEN];
    expect_error("missing.yaml", MXB_ENOENT, "", "missing.yaml: cannot read the suite: No such file or directory");
    expect_error("no/such/folder.yaml", MXB_ENOENT, "",
                 "no/such/folder.yaml: cannot read the suite: No such file or directory");
    expect_error(".", MXB_EINVAL, "", ".: cannot read the suite: Is a directory");
    expect_error("", MXB_ENOENT, "", ": cannot read the suite: No such file or directory");
    expect_error("a\nb", MXB_ENOENT, "", "'a\\x0ab': cannot read the suite: No such file or directory");
    write_bytes("t.yaml", "\x7f" "ELF\0\0\1", 7);
    expect_error("t.yaml", MXB_EPARSE, "t.yaml:", "1:5: not a text file (NUL byte)");
    write_bytes("t.yaml", "s\0u\0i\0", 6);
    expect_error("t.yaml", MXB_EPARSE, "t.yaml:", "1:2: not a text file (NUL byte)");
    assert_int_equal(suites_load_ops(suite_ops, 3, NULL, 0, NULL, &list, err, sizeof err), MXB_EINVAL);
    assert_string_equal(err, "no suite is given");
}

/* `n` times a, then `n` times b, between head and tail. */
static void write_nested(const char *head, const char *a, const char *b, size_t n, const char *tail)
{
    FILE *f = fopen("t.yaml", "w");
    assert_non_null(f);
    fputs(head, f);
    for (size_t i = 0; i < n; i++) fputs(a, f);
    for (size_t i = 0; i < n; i++) fputs(b, f);
    fputs(tail, f);
    assert_int_equal(fclose(f), 0);
}

static void test_hostile_yaml(void **state)
{
    (void)state;
    write_nested("suite: t\ncases:\n  - {op: attn, params: ", "[", "]", 5000, "}\n");
    expect_error("t.yaml", MXB_EPARSE, "t.yaml:", "3:85: nested deeper than 64");
    write_nested("suite: t\ncases:\n  - {op: attn, where: ", "(", ")", 64, "}\n");
    expect_error("t.yaml", MXB_EPARSE, "t.yaml:", "3:87: expression too deep");
    FILE *f = fopen("t.yaml", "w");                  /* 10 to the 8 nodes */
    assert_non_null(f);
    fprintf(f, "a0: &a0 x\n");
    for (int i = 1; i <= 8; i++) {
        fprintf(f, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++) fprintf(f, "*a%d,", i - 1);
        fprintf(f, "]\n");
    }
    assert_int_equal(fclose(f), 0);
    expect_error("t.yaml", MXB_EPARSE, "t.yaml:", "8:*");
    f = fopen("t.yaml", "w");                        /* height through aliases */
    assert_non_null(f);
    fprintf(f, "a0: &a0 [x]\n");
    for (int i = 1; i < 64; i++) fprintf(f, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    assert_int_equal(fclose(f), 0);
    expect_error("t.yaml", MXB_EPARSE, "t.yaml:", "63:12: nested deeper than 64");
    f = fopen("t.yaml", "w");
    assert_non_null(f);
    for (int i = 0; i < 100; i++) fprintf(f, "k%d: 1\n", i);
    assert_int_equal(fclose(f), 0);
    expect_error("t.yaml", MXB_EPARSE, "t.yaml:", "1:1: more than 64 keys in one map");
    f = fopen("t.yaml", "w");
    assert_non_null(f);
    fprintf(f, "cases: [");
    for (int i = 0; i < 1001; i++) fprintf(f, "&a%d x,", i);
    fprintf(f, "]\n");
    assert_int_equal(fclose(f), 0);
    expect_error("t.yaml", MXB_EPARSE, "t.yaml:", "1:7*");
    write_text("t.yaml", "suite: t\ncases:\n  - {op: \"a\\nb\\x1b[31m"
                         "0123456789012345678901234567890123456789012345678901234567890123456789\"}\n");
    expect_error("t.yaml", MXB_EPARSE, "t.yaml:",
                 "3:10: unknown op 'a\\x0ab\\x1b[31m0123456789012345678901234567890123456789012345678901...'*");
}

static const struct suite_block *only_block(const struct case_list *list)
{
    assert_int_equal(list->suite[list->nsuite - 1]->nblock, 1);
    return &list->suite[list->nsuite - 1]->block[0];
}

static void load_ok(const char *path, const struct suite_opts *opts, struct case_list *list)
{
    char err[MXB_ERRLEN];
    if (load_path(path, opts, list, err)) fail_msg("%s", err);
}

static void test_top_level(void **state)
{
    (void)state;
    struct case_list list;
    write_text(
        "t.yaml",
        "\xef\xbb\xbf# a comment\nsuite: top\nabout: what it is for\nbackends: [vulkan, cpu]\nseed: 0xff\ncases:\n"
        "  - op: norm\n    tags: [smoke, \"two words\"]\n  - {op: norm, seed: 18446744073709551615,"
        " backends: opencl}\n");
    load_ok("t.yaml", NULL, &list);
    const struct suite *s = list.suite[0];
    assert_int_equal(list.nsuite, 1);
    assert_string_equal(s->path, "t.yaml");
    assert_string_equal(s->name, "top");
    assert_string_equal(s->about, "what it is for");
    assert_true(s->seed == 255 && s->nblock == 2);
    assert_true(s->block[0].suite == s && s->block[0].line == 7 && s->block[0].col == 5 && s->block[1].line == 9);
    assert_int_equal(s->block[0].ntag, 2);
    assert_string_equal(s->block[0].tag[1], "two words");
    assert_int_equal(list.nproblem, 4);              /* two entries each */
    assert_int_equal(list.nitem, 2 * 2 + 2);
    assert_true(list.problem[0].seed == 255 && list.problem[3].seed == UINT64_MAX);
    assert_int_equal(list.item[0].backend, BACKEND_CPU);
    assert_int_equal(list.item[1].backend, BACKEND_VULKAN);
    assert_int_equal(list.item[4].backend, BACKEND_OPENCL);
    suites_free(&list);
    suites_free(&list);                              /* twice is fine */
    suites_free(NULL);
}

static void test_check_and_bench(void **state)
{
    (void)state;
    struct case_list list;
    write_text("t.yaml", "suite: t\ncases: [{op: attn}]\n");
    load_ok("t.yaml", NULL, &list);
    const struct suite_block *b = only_block(&list);
    assert_true(b->check.enabled && b->check.fills == attn_op.fills && b->check.sampled == 0 &&
                b->check.tolerance == 1);
    assert_true(!b->check.reason && !b->check.same && b->bench.enabled && b->bench.cache == 1u << CACHE_WARM);
    assert_true(b->bench.rounds == 3 && b->bench.min_time_ns == 50e6 && b->bench.max_time_ns == 2e9 &&
                b->bench.min_effect == 0.03);
    suites_free(&list);

    write_text("t.yaml",
               "suite: t\ncheck: {fills: [exact, large, normal], sampled: 7}\nbench: {rounds: 5, cache: [cold, warm]}\n"
               "defaults: {bench: {max_time: 1.5s, min_effect: 12.5%}, check: {tolerance: 2.5, reason: \"half's range\"}}\n"
               "cases:\n  - {op: attn, bench: {min_time: 20us, cache: cold}, check: {sampled: 0}}\n");
    load_ok("t.yaml", NULL, &list);
    b = only_block(&list);
    assert_int_equal(b->check.fills, 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_EXACT);   /* attn has no large */
    assert_true(b->check.sampled == 0 && b->check.tolerance == 2.5);
    assert_string_equal(b->check.reason, "half's range");
    assert_true(b->bench.rounds == 5 && b->bench.cache == 1u << CACHE_COLD);
    assert_true(b->bench.min_time_ns == 20e3 && b->bench.max_time_ns == 1.5e9 && b->bench.min_effect == 0.125);
    suites_free(&list);

    write_text("t.yaml",
               "suite: t\ncheck: false\nbench: {max_time: 10ms}\ncases:\n  - {op: attn, check: {fills: all}}\n");
    load_ok("t.yaml", NULL, &list);
    b = only_block(&list);
    assert_true(b->check.enabled && b->check.fills == attn_op.fills && b->bench.min_time_ns == 10e6);
    suites_free(&list);

    write_text("t.yaml", "suite: t\nbench: {cache: [warm, cold]}\ncases:\n  - {op: norm, entries: norm_f32, "
                         "backends: cpu, bench: false}\n");
    load_ok("t.yaml", NULL, &list);
    assert_true(!only_block(&list)->bench.enabled);
    assert_int_equal(list.nitem, 1);                 /* one check, not one for each cache mode */
    suites_free(&list);
}

static void test_defaults(void **state)
{
    (void)state;
    struct case_list list;
    char text[1024];
    write_text("t.yaml", "suite: t\n"
        "defaults:\n  op: attn\n  entries: attn_f32_d64\n  backends: cpu\n  params: {batch: 2, mask: rank4, rows: 9}\n"
        "  sweep: {seq_len_q: [1, 2]}\n  tile: {BQ: 8}\n  tags: [d]\n  where: batch > 0\n"
        "cases:\n"
        "  - sweep: {batch: [3, 4]}\n"
        "  - {params: {seq_len_q: 5}, tags: e}\n"
        "  - {op: norm, entries: norm_f32, where: rows == 9}\n");
    load_ok("t.yaml", NULL, &list);
    assert_int_equal(list.nproblem, 4 + 1 + 1);
    static const char *const want[] = {
        "attn_f32_d64 batch=3 n_heads=8 n_kv_heads=8 seq_len_q=1 seq_len_k=64 do_causal=false mask=rank4 scale=0.125 "
        "window=-1 seed=1 cpu auto warm",
        "attn_f32_d64 batch=3 n_heads=8 n_kv_heads=8 seq_len_q=2 seq_len_k=64 do_causal=false mask=rank4 scale=0.125 "
        "window=-1 seed=1 cpu auto warm",
        "attn_f32_d64 batch=4 n_heads=8 n_kv_heads=8 seq_len_q=1 seq_len_k=64 do_causal=false mask=rank4 scale=0.125 "
        "window=-1 seed=1 cpu auto warm",
        "attn_f32_d64 batch=4 n_heads=8 n_kv_heads=8 seq_len_q=2 seq_len_k=64 do_causal=false mask=rank4 scale=0.125 "
        "window=-1 seed=1 cpu auto warm",
        "attn_f32_d64 batch=2 n_heads=8 n_kv_heads=8 seq_len_q=5 seq_len_k=64 do_causal=false mask=rank4 scale=0.125 "
        "window=-1 seed=1 cpu auto warm",
        "norm_f32 rows=9 dim=64 eps=9.99999997e-07 seed=1 cpu auto warm",
    };
    for (uint32_t i = 0; i < list.nitem; i++) {
        case_text(&list, &list.item[i], text, sizeof text);
        assert_string_equal(text, want[i]);
    }
    assert_string_equal(list.suite[0]->block[0].tag[0], "d");
    assert_string_equal(list.suite[0]->block[1].tag[0], "e");
    suites_free(&list);
}

static void test_anchors(void **state)
{
    (void)state;
    struct case_list list;
    write_text("t.yaml", "suite: t\ncases:\n  - {op: norm, params: &p {rows: 3, dim: 5}, bench: &b {rounds: 9}}\n"
                         "  - {op: norm, params: *p, bench: *b}\n");
    load_ok("t.yaml", NULL, &list);
    assert_int_equal(list.suite[0]->block[1].bench.rounds, 9);
    assert_int_equal(((const struct norm_params *)list.problem[3].params)->dim, 5);
    suites_free(&list);
}

static void test_include(void **state)
{
    (void)state;
    struct case_list list;
    const char *const two[] = { "all.yaml", "sub/one.yaml" };
    char err[MXB_ERRLEN];
    assert_int_equal(mkdir("sub", 0777), 0);
    write_text("sub/one.yaml", "suite: one\nseed: 5\nbench: {rounds: 7}\ncases: [{op: norm}]\n");
    write_text("sub/two.yaml", "suite: two\ninclude: one.yaml\ncases: [{op: orphan}]\n");
    write_text("all.yaml", "suite: all\ninclude: [sub/two.yaml, ./sub/../sub/one.yaml]\n");
    assert_int_equal(suites_load_ops(suite_ops, 3, two, 2, NULL, &list, err, sizeof err), 0);
    static const char *const names[] = { "one", "two", "one", "all", "one" };
    assert_int_equal(list.nsuite, MXB_COUNT(names));
    for (uint32_t i = 0; i < list.nsuite; i++) assert_string_equal(list.suite[i]->name, names[i]);
    assert_string_equal(list.suite[0]->path, "sub/one.yaml");
    assert_true(list.suite[0]->seed == 5 && list.suite[0]->block[0].bench.rounds == 7 &&
                list.suite[1]->block[0].bench.rounds == 3);
    assert_int_equal(list.nproblem, 2 + 1 + 2 + 2);
    assert_ptr_equal(list.problem[0].block->suite, list.suite[0]);
    const uint64_t one = list.suite[0]->hash, two_hash = list.suite[1]->hash, all = list.suite[3]->hash;
    assert_true(one == list.suite[4]->hash && one != two_hash && two_hash != all);
    suites_free(&list);

    write_text("sub/one.yaml", "suite: one\nseed: 6\nbench: {rounds: 7}\ncases: [{op: norm}]\n");
    load_ok("all.yaml", NULL, &list);                /* a change inside an include changes every hash above it */
    assert_true(list.suite[0]->hash != one && list.suite[1]->hash != two_hash && list.suite[3]->hash != all);
    suites_free(&list);

    write_text("sub/one.yaml", "suite: one\ninclude: two.yaml\n");
    expect_error("all.yaml", MXB_EPARSE, "",
                 "sub/one.yaml:2:10: recursive include: all.yaml -> sub/two.yaml -> sub/one.yaml -> sub/two.yaml");
    write_text("self.yaml", "suite: self\ninclude: self.yaml\n");
    expect_error("self.yaml", MXB_EPARSE, "", "self.yaml:2:10: recursive include: self.yaml -> self.yaml");
    write_text("sub/two.yaml", "suite: two\ninclude: ../all.yaml\n");
    expect_error("sub/two.yaml", MXB_EPARSE, "",
                 "sub/two.yaml:2:10: cannot include '../all.yaml': the path leaves the folder of this file");
    assert_int_equal(symlink("../all.yaml", "sub/link.yaml"), 0);
    write_text("sub/two.yaml", "suite: two\ninclude: link.yaml\n");
    expect_error("sub/two.yaml", MXB_EPARSE, "",
                 "sub/two.yaml:2:10: cannot include 'link.yaml': a symbolic link leaves the folder of this file");
    write_text("t.yaml", "suite: t\ninclude: [sub]\n");
    expect_error("t.yaml", MXB_EINVAL, "", "t.yaml:2:11: cannot read 'sub': Is a directory");
    write_text("sub/one.yaml", "suite: one\ncases: [{op: nrm}]\n");   /* an error inside names the inner file */
    write_text("t.yaml", "suite: t\ninclude: [sub/one.yaml]\n");
    expect_error("t.yaml", MXB_EPARSE, "", "sub/one.yaml:2:14: unknown op 'nrm', did you mean 'norm'?");
    for (int i = 0; i < 40; i++) {
        char path[32], text[64];
        snprintf(path, sizeof path, "n%d.yaml", i);
        snprintf(text, sizeof text, "suite: n\ninclude: n%d.yaml\n", i + 1);
        write_text(path, text);
    }
    expect_error("n0.yaml", MXB_EPARSE, "", "n31.yaml:2:10: includes are nested deeper than 32");
    for (int i = 0; i < 12; i++) {                   /* 2^12 files */
        char path[32], text[64];
        snprintf(path, sizeof path, "b%d.yaml", i);
        snprintf(text, sizeof text, "suite: b\ninclude: [b%d.yaml, b%d.yaml]\n", i + 1, i + 1);
        write_text(path, text);
    }
    write_text("b12.yaml", "suite: b\ncases: [{op: orphan}]\n");
    expect_error("b0.yaml", MXB_EINVAL, "", "b12.yaml: more than 1000 suite files in one run");
}

static void test_inline(void **state)
{
    (void)state;
    struct case_list list;
    load_ok("{op: norm, entries: [norm_f16], params: {rows: 3}, backends: cpu}", NULL, &list);
    assert_string_equal(list.suite[0]->name, "inline");
    assert_string_equal(list.suite[0]->path, "<inline>");
    assert_int_equal(list.nitem, 1);
    assert_int_equal(((const struct norm_params *)list.problem[0].params)->rows, 3);
    suites_free(&list);
    expect_error("{op: norm, prams: 3}", MXB_EPARSE,
                 "<inline>:", "1:12: unknown key 'prams' in a case, did you mean 'params'?");
    expect_error("{op: norm", MXB_EPARSE, "<inline>:", "2:1: YAML: *");
    expect_error("{op: norm} {op: norm}", MXB_EPARSE, "<inline>:", "1:12: YAML: *");
}

static void test_command_line(void **state)
{
    (void)state;
    write_text(
        "t.yaml",
        "suite: t\ncases:\n  - {op: norm, tags: [a, smoke], check: false}\n  - {op: attn, tags: [b], bench: false}\n");
    static const char *const names[] = { "smok", "vulcan",       "norn",  "norm_f23", "cpu",
                                         "norm", "attn_f32_d64", "smoke", "b" };
    const struct { struct suite_opts o; const char *err; } wrong[] = {
        { { .tag = &names[0], .ntag = 1 }, "--tag: unknown tag 'smok', did you mean 'smoke'?" },
        { { .backend = &names[1], .nbackend = 1 }, "--backend: unknown backend 'vulcan', did you mean 'vulkan'?" },
        { { .op = &names[2], .nop = 1 }, "--op: unknown op 'norn', did you mean 'norm'?" },
        { { .entry = &names[3], .nentry = 1 }, "--entry: unknown entry 'norm_f23', did you mean 'norm_f32'?" },
        { { .shard = 3, .nshard = 2 }, "--shard 3/2: the first number must be in 1 .. 2" },
        { { .shard = 0, .nshard = 2 }, "--shard 0/2: the first number must be in 1 .. 2" },
        { { .shard = 9, .nshard = 9 }, "no case left after --shard 9/9" },
        { { .check_only = true, .bench_only = true }, "--check-only and --bench-only exclude each other" },
        { { .filter = "x\ny" }, "no case left after --filter 'x\\x0ay'" },
        { { .backend = &names[4], .nbackend = 1, .op = &names[5], .nop = 1, .check_only = true },
          "no case left after --backend 'cpu' --op 'norm' --check-only" },
        { { .entry = &names[6], .nentry = 1, .tag = &names[7], .ntag = 1 },
          "no case left after --entry 'attn_f32_d64' --tag 'smoke'" },
        { { .tag = &names[8], .ntag = 1, .bench_only = true }, "no case left after --tag 'b' --bench-only" },
    };
    for (size_t i = 0; i < MXB_COUNT(wrong); i++) {
        struct case_list list;
        char err[MXB_ERRLEN];
        assert_int_equal(load_path("t.yaml", &wrong[i].o, &list, err), MXB_EINVAL);
        assert_string_equal(err, wrong[i].err);
    }
    const uint64_t seed = 77;
    struct case_list list;
    load_ok("t.yaml",
            &(struct suite_opts){
                .tag = &names[7], .ntag = 2, .seed = &seed, .rounds = 8, .backend = &names[4], .nbackend = 1 },
            &list);
    assert_int_equal(list.nitem, 2 + 3);
    assert_true(list.problem[0].seed == 77 && list.suite[0]->block[0].bench.rounds == 8 &&
                list.item[4].backend == BACKEND_CPU);
    suites_free(&list);
    load_ok("t.yaml", &(struct suite_opts){ .check_only = true }, &list);
    assert_true(list.nproblem == 3 && list.problem[0].block->op == &attn_op && !list.problem[0].block->bench.enabled);
    suites_free(&list);
    load_ok("t.yaml", &(struct suite_opts){ .bench_only = true }, &list);
    assert_true(list.nproblem == 2 && list.problem[0].block->op == &norm_op && !list.problem[0].block->check.enabled);
    suites_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_suites),     cmocka_unit_test(test_wrong_cases),
        cmocka_unit_test(test_rejected_problem), cmocka_unit_test(test_files),
        cmocka_unit_test(test_hostile_yaml),     cmocka_unit_test(test_top_level),
        cmocka_unit_test(test_check_and_bench),  cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_anchors),          cmocka_unit_test(test_include),
        cmocka_unit_test(test_inline),           cmocka_unit_test(test_command_line),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
