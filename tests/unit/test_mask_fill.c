/* Tests flash_attn_prefill_mask_fill's oracle against the stated predicate and published cells, its CPU kernel against
 * the oracle, and its argument checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/ops.h"
#include "harness/problem.h"
#include "kernels/attention/flash_attn_prefill_mask_fill/flash_attn_prefill_mask_fill.h"

#define PARAMS struct flash_attn_prefill_mask_fill_params
extern const struct mxb_op mxb_op_flash_attn_prefill_mask_fill;
static const struct mxb_op *const op = &mxb_op_flash_attn_prefill_mask_fill;

static struct mxb_problem problem(const PARAMS *p)
{
    struct mxb_problem pr;
    char err[MXB_ERRLEN] = "";
    if (problem_init(&pr, op, &op->entry[0], p, 1, MXB_FILL_NORMAL, err, sizeof err) != 0)
        fail_msg("%s", err);
    return pr;
}

/* Rows [r0, r1) of the oracle's mask.  The rest of the array is zero and, in a large mask, never touched. */
static double *oracle_rows(const PARAMS *p, int64_t r0, int64_t r1)
{
    const struct mxb_problem pr = problem(p);
    double *mask = calloc(pr.nelem[T_MASK], sizeof *mask);
    assert_non_null(mask);
    op->reference(&pr, &(struct mxb_ref){ .v = mask }, r0, r1);
    return mask;
}

static void expect_row(const double *row, uint32_t n, int64_t first, int64_t last)   /* attends [first, last] */
{
    for (int64_t k = 0; k < n; k++) {
        const bool attended = k >= first && k <= last;
        if (attended ? row[k] != 0 || signbit(row[k]) : row[k] != -INFINITY)
            fail_msg("cell %d is %g", (int)k, row[k]);
    }
}

/* ---- the oracle ---- */

static void causal_8x8(void **state)
{
    const PARAMS p = { .seq_len_q = 8, .seq_len_k = 8, .n_swa = -1, .causal = 1 };
    double *mask = oracle_rows(&p, 0, 8);
    (void)state;
    for (int q = 0; q < 8; q++)
        expect_row(mask + 8 * q, 8, 0, q);
    free(mask);
}

static void window_4_of_16(void **state)
{
    const PARAMS p = { .seq_len_q = 16, .seq_len_k = 16, .n_swa = 4, .causal = 1 };
    double *mask = oracle_rows(&p, 0, 16);
    (void)state;
    expect_row(mask + 16 * 10, 16, 7, 10);
    expect_row(mask + 16 * 3, 16, 0, 3);
    expect_row(mask + 16 * 4, 16, 1, 4);
    free(mask);
}

/* The published spot checks: at distance 1024 masked, at 1023 attended, the next key masked. */
static void window_1024_of_2455(void **state)
{
    static const uint32_t row[] = { 1024, 1500, 2000, 2454 };
    const PARAMS p = { .seq_len_q = 2455, .seq_len_k = 2455, .n_swa = 1024, .causal = 1 };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(row); i++) {
        double *mask = oracle_rows(&p, row[i], row[i] + 1);
        const double *at = mask + (size_t)row[i] * 2455;
        assert_true(at[row[i] - 1024] == -INFINITY);
        assert_true(at[row[i] - 1023] == 0 && at[row[i]] == 0);
        if (row[i] + 1 < 2455)
            assert_true(at[row[i] + 1] == -INFINITY);
        expect_row(at, 2455, (int64_t)row[i] - 1023, row[i]);
        free(mask);
    }
}

static void offset_shifts_the_diagonal(void **state)
{
    const PARAMS p = { .seq_len_q = 3, .seq_len_k = 12, .q_abs_offset = 7, .n_swa = -1, .causal = 1 };
    double *mask = oracle_rows(&p, 0, 3);
    (void)state;
    for (int q = 0; q < 3; q++)
        expect_row(mask + 12 * q, 12, 0, q + 7);
    free(mask);
}

static void window_without_causal_rule_keeps_the_future(void **state)
{
    const PARAMS p = { .seq_len_q = 6, .seq_len_k = 9, .n_swa = 2, .causal = 0 };
    double *mask = oracle_rows(&p, 0, 6);
    (void)state;
    for (int q = 0; q < 6; q++)
        expect_row(mask + 9 * q, 9, q - 1, 8);
    free(mask);
}

static void no_rule_attends_all_and_a_far_row_attends_nothing(void **state)
{
    const PARAMS all = { .seq_len_q = 2, .seq_len_k = 5, .n_swa = -1, .causal = 0 };
    const PARAMS none = { .seq_len_q = 1, .seq_len_k = 5, .q_abs_offset = INT32_MAX - 1, .n_swa = 3, .causal = 1 };
    double *mask = oracle_rows(&all, 0, 2);
    (void)state;
    expect_row(mask, 5, 0, 4);
    expect_row(mask + 5, 5, 0, 4);
    free(mask);
    mask = oracle_rows(&none, 0, 1);
    expect_row(mask, 5, 1, 0);
    free(mask);
}

static void a_range_leaves_the_other_rows_alone(void **state)
{
    const PARAMS p = { .seq_len_q = 4, .seq_len_k = 4, .n_swa = 1, .causal = 1 };
    double *mask = oracle_rows(&p, 1, 3);
    (void)state;
    for (int k = 0; k < 4; k++)
        assert_true(mask[k] == 0 && mask[12 + k] == 0);
    expect_row(mask + 4, 4, 1, 1);
    expect_row(mask + 8, 4, 2, 2);
    free(mask);
}

/* ---- the CPU kernel ---- */

static void cpu_kernel_equals_oracle(void **state)
{
    static const uint32_t len[] = { 1, 2, 7, 8, 31, 32, 33, 100 }, offset[] = { 0, 1, 40, 1000, INT32_MAX - 100 };
    static const int32_t window[] = { -1, 1, 2, 33, 1000, INT32_MAX };
    (void)state;
    for (uint32_t i = 0; i < 8 * 8 * 5 * 6 * 2; i++) {
        const PARAMS p = { .seq_len_q = len[i % 8], .seq_len_k = len[i / 8 % 8], .q_abs_offset = offset[i / 64 % 5],
                           .n_swa = window[i / 320 % 6], .causal = i / 1920 };
        const size_t n = (size_t)p.seq_len_q * p.seq_len_k;
        double *want = oracle_rows(&p, 0, p.seq_len_q);
        uint16_t *got = malloc(2 * n);
        assert_non_null(got);
        memset(got, 0x7f, 2 * n);
        const struct mxb_args args = { .buf = (void *const[]){ got }, .params = &p };
        flash_attn_prefill_mask_fill_cpu(&args, 0, p.seq_len_q / 2);
        flash_attn_prefill_mask_fill_cpu(&args, p.seq_len_q / 2, p.seq_len_q);
        for (size_t c = 0; c < n; c++)
            if (got[c] != (want[c] == 0 ? 0x0000 : 0xff80))
                fail_msg("%u x %u offset %u window %d causal %u: cell %zu is %04x", p.seq_len_q, p.seq_len_k,
                         p.q_abs_offset, p.n_swa, p.causal, c, got[c]);
        free(got), free(want);
    }
}

/* ---- argument checks and accounting ---- */

static void rejected(PARAMS p, const char *text)
{
    struct mxb_problem pr;
    char err[MXB_ERRLEN] = "";
    assert_int_equal(problem_init(&pr, op, &op->entry[0], &p, 1, MXB_FILL_NORMAL, err, sizeof err), MXB_EINVAL);
    if (strncmp(err, "Invalid argument: ", 18) != 0 || !strstr(err, text))
        fail_msg("'%s' does not speak of '%s'", err, text);
}

static void bad_arguments_are_rejected(void **state)
{
    const PARAMS last = { .seq_len_q = 1, .seq_len_k = 1, .q_abs_offset = INT32_MAX - 1, .n_swa = INT32_MAX };
    (void)state;
    rejected((PARAMS){ .seq_len_q = 0, .seq_len_k = 8, .n_swa = -1 }, "seq_len_q");
    rejected((PARAMS){ .seq_len_q = 8, .seq_len_k = 0, .n_swa = -1 }, "seq_len_k");
    rejected((PARAMS){ .seq_len_q = 8, .seq_len_k = 8, .n_swa = 0 }, "the window n_swa must be at least 1");
    rejected((PARAMS){ .seq_len_q = 8, .seq_len_k = 8, .n_swa = -2 }, "n_swa");
    rejected((PARAMS){ .seq_len_q = 8, .seq_len_k = 8, .n_swa = -1, .q_abs_offset = INT32_MAX }, "q_abs_offset + ");
    (void)problem(&last);
}

static void work_is_counted(void **state)
{
    const PARAMS p = { .seq_len_q = 2048, .seq_len_k = 2048, .n_swa = -1, .causal = 1 };
    const struct mxb_problem pr = problem(&p);
    (void)state;
    assert_true(problem_min_bytes(&pr) == 8 * 1024 * 1024);
    assert_true(op->flops(&pr) == 0);
}

static void tables_are_consistent(void **state)
{
    char err[MXB_ERRLEN] = "";
    (void)state;
    if (ops_check(op, err, sizeof err) != 0)
        fail_msg("%s", err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(causal_8x8),
        cmocka_unit_test(window_4_of_16),
        cmocka_unit_test(window_1024_of_2455),
        cmocka_unit_test(offset_shifts_the_diagonal),
        cmocka_unit_test(window_without_causal_rule_keeps_the_future),
        cmocka_unit_test(no_rule_attends_all_and_a_far_row_attends_nothing),
        cmocka_unit_test(a_range_leaves_the_other_rows_alone),
        cmocka_unit_test(cpu_kernel_equals_oracle),
        cmocka_unit_test(bad_arguments_are_rejected),
        cmocka_unit_test(work_is_counted),
        cmocka_unit_test(tables_are_consistent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
