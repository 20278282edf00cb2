/* Holds the oracles of the attention and cache ops against NumPy's float64 vectors of scripts/golden/decode_attention.py. */
#include "tests/unit/op_fixture.h"
#include <glob.h>
#include <math.h>
#include <stdio.h>

/* u of element i of a tensor with a seed: SplitMix64, 23 bits, in [-1, 1). */
static double uniform(uint64_t seed, uint64_t i)
{
    uint64_t x = ((seed << 32) + i) * UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    x ^= x >> 31;
    return (double)(x >> 41) / 4194304 - 1;
}

static void read_input(struct op_run *r, const char *line)
{
    unsigned t, seed;
    double offset, factor, hole;
    assert_int_equal(sscanf(line, "input %u %u %lf %lf %lf", &t, &seed, &offset, &factor, &hole), 5);
    assert_true(t < r->pr.op->ntensor && problem_reads(&r->pr, t));
    for (uint64_t i = 0; i < r->pr.nelem[t]; i++) {
        const double u = uniform(seed, i);
        mxb_store(r->pr.dtype[t], r->input[t], i, u < hole ? -INFINITY : offset + factor * u);
    }
}

/* What the oracle says, rounded where the output is exact. */
static double said(const struct op_run *r, unsigned t, uint64_t i)
{
    const double v = r->oracle.t[t].v[i];
    return r->pr.op->tensor[t].tol == MXB_TOL_EXACT ? mxb_round(r->pr.dtype[t], v) : v;
}

static void compare(const struct op_run *r, const char *line, const char *path)
{
    unsigned t;
    unsigned long long at;
    double want;
    if (sscanf(line, "at %u %llu %lf", &t, &at, &want) == 3) {
        if (!(fabs(said(r, t, at) - want) <= 1e-13 * fabs(want)))
            fail_msg("%s: element %llu is %.17g, NumPy has %.17g", path, at, said(r, t, at), want);
        return;
    }
    assert_int_equal(sscanf(line, "sum %u %lf", &t, &want), 2);
    double sum = 0, size = 0;
    for (uint64_t i = 0; i < r->pr.nelem[t]; i++) {
        const double term = fabs(said(r, t, i)) < 1e30 ? said(r, t, i) * (double)(i % 97 + 1) : 0;
        sum += term;
        size += fabs(term);
    }
    if (!(fabs(sum - want) <= 1e-13 * size)) fail_msg("%s: checksum is %.17g, NumPy has %.17g", path, sum, want);
}

enum { MAX_SETTINGS = 16 };

static void check_file(const char *path)
{
    char line[256], entry[64], name[MAX_SETTINGS][32];
    struct setting setting[MAX_SETTINGS + 1] = { { 0 } };
    struct op_run r;
    unsigned n = 0, compared = 0;
    enum { PARAMS, INPUTS, OUTPUTS } stage = PARAMS;
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "entry %63s\n", entry), 1);
    while (fgets(line, sizeof line, f)) {
        if (strncmp(line, "param ", 6) == 0) {
            assert_true(n < MAX_SETTINGS);
            assert_int_equal(sscanf(line, "param %31s %lf", name[n], &setting[n].value), 2);
            setting[n].name = name[n];
            n++;
            continue;
        }
        if (stage == PARAMS) run_init(&r, entry, setting, MXB_FILL_NORMAL);
        if (strncmp(line, "input ", 6) == 0) {
            stage = INPUTS;
            read_input(&r, line);
            continue;
        }
        if (stage == INPUTS) run_oracle(&r);
        stage = OUTPUTS;
        compare(&r, line, path);
        compared++;
    }
    fclose(f);
    assert_true(compared >= 4);
    run_close(&r);
}

static void oracles_equal_numpy(void **state)
{
    static const char *const op[] = {
        "sdpa", "sdpa_decode", "flash_attn_vec", "flash_attn_vec_reduce", "scale_mask_softmax", "kv_cache_copy",
        "flash_attn_prefill_llamacpp",
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(op); i++) {
        char pattern[128];
        glob_t files;
        snprintf(pattern, sizeof pattern, "tests/golden/%s/*.txt", op[i]);
        if (glob(pattern, 0, NULL, &files) != 0) fail_msg("no %s; run from the top folder", pattern);
        for (size_t k = 0; k < files.gl_pathc; k++) check_file(files.gl_pathv[k]);
        globfree(&files);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(oracles_equal_numpy) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
