/* Tests flash_attn_prefill_blk's oracle against published tile maps and class counts, its generator, its CPU kernel
 * against the oracle, and its argument checks. */
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
#include "kernels/attention/flash_attn_prefill_blk/flash_attn_prefill_blk.h"

#define PARAMS struct flash_attn_prefill_blk_params
extern const struct mxb_op mxb_op_flash_attn_prefill_blk;
static const struct mxb_op *const op = &mxb_op_flash_attn_prefill_blk;
enum { NO_WINDOW = 4194304 };

static struct mxb_problem problem(const PARAMS *p, enum mxb_fill fill)
{
    struct mxb_problem pr;
    char err[MXB_ERRLEN] = "";
    if (problem_init(&pr, op, &op->entry[0], p, 1, fill, err, sizeof err) != 0)
        fail_msg("%s", err);
    return pr;
}

static void *array(size_t n, size_t size)
{
    void *p = calloc(n, size);
    assert_non_null(p);
    return p;
}

static double *widened(const uint16_t *mask, size_t n)
{
    double *v = array(n, sizeof *v);
    for (size_t i = 0; i < n; i++)
        v[i] = mxb_load(MXB_BF16, mask, i);
    return v;
}

/* Classes of a generated mask as the oracle sees them. */
static double *oracle_classes(const PARAMS *p, enum mxb_fill fill)
{
    const struct mxb_problem pr = problem(p, fill);
    uint16_t *mask = array(pr.nelem[T_MASK], 2);
    double *blk = array(pr.nelem[T_BLK], sizeof *blk);
    problem_fill(&pr, T_MASK, (void *const[]){ mask, NULL }, NULL, mask);
    double *v = widened(mask, pr.nelem[T_MASK]);
    op->reference(&pr, (const struct mxb_ref[]){ { .v = v }, { .v = blk } }, 0, (p->seq_len_q + p->bq - 1) / p->bq);
    free(mask), free(v);
    return blk;
}

/* The oracle's class of one 4 x 4 tile that holds `cell` and is `background` elsewhere. */
static double class_of(double background, double cell)
{
    const PARAMS p = { .seq_len_q = 4, .seq_len_k = 4, .bq = 4, .bk = 4, .window = 1 };
    const struct mxb_problem pr = problem(&p, MXB_FILL_NORMAL);
    double mask[16], blk = -1;
    for (int i = 0; i < 16; i++)
        mask[i] = i == 9 ? cell : background;
    op->reference(&pr, (const struct mxb_ref[]){ { .v = mask }, { .v = &blk } }, 0, 1);
    return blk;
}

/* ---- the oracle ---- */

static void classes_by_value(void **state)
{
    (void)state;
    assert_true(class_of(0, 0) == 2);
    assert_true(class_of(0, -0.0) == 2 && class_of(-0.0, -0.0) == 2);
    assert_true(class_of(0, -INFINITY) == 1 && class_of(0, -1e4) == 1 && class_of(0, 1) == 1);
    assert_true(class_of(-INFINITY, -INFINITY) == 0);
    assert_true(class_of(-INFINITY, -1.001e30) == 0 && class_of(-INFINITY, (double)-1e30f) == 0);
    assert_true(class_of(-INFINITY, -9.97e29) == 1 && class_of(-INFINITY, -1e4) == 1 && class_of(-INFINITY, 0) == 1);
    assert_true(class_of(-1e4, -1e4) == 1);
}

static void expect_classes(const double *blk, const char *want)
{
    for (size_t i = 0; want[i]; i++)
        if (blk[i] != want[i] - '0')
            fail_msg("tile %zu is %g, wanted %c", i, blk[i], want[i]);
}

static void small_tile_maps(void **state)
{
    const PARAMS causal64 = { .seq_len_q = 64, .seq_len_k = 64, .bq = 32, .bk = 16, .window = NO_WINDOW };
    const PARAMS wide = { .seq_len_q = 16, .seq_len_k = 128, .bq = 8, .bk = 64, .window = NO_WINDOW };
    const PARAMS ragged = { .seq_len_q = 40, .seq_len_k = 40, .bq = 32, .bk = 16, .mask_fill = FILL_FULL, .window = 1 };
    double *blk = oracle_classes(&causal64, MXB_FILL_NORMAL);
    (void)state;
    expect_classes(blk, "1100" "2211");
    free(blk);
    blk = oracle_classes(&wide, MXB_FILL_NORMAL);        /* only columns beyond the 32nd are in the future of row 40 */
    expect_classes(blk, "10" "10");
    free(blk);
    blk = oracle_classes(&ragged, MXB_FILL_NORMAL);      /* the bottom edge cuts a tile without consequence, the right one not */
    expect_classes(blk, "001" "001");
    free(blk);
}

/* Published counts of the classes 0, 1, 2 of causal masks. */
static const struct counts { uint32_t len, bq, bk, window, n[3]; } table[] = {
    {   64, 32, 16, NO_WINDOW, { 2, 4, 2 } },
    {  128, 32, 16, 48,        { 16, 13, 3 } },
    {  256, 32, 16, 64,        { 86, 28, 14 } },
    { 2048, 32, 16, 1024,      { 5024, 192, 2976 } },
    { 2455, 32, 16, 1024,      { 7756, 320, 3782 } },
    { 2455, 32, 16, NO_WINDOW, { 5776, 230, 5852 } },
    { 2455,  8, 64, NO_WINDOW, { 5624, 611, 5738 } },
    { 2455,  8,  8, NO_WINDOW, { 46665, 613, 46971 } },
    { 4096, 32, 16, 1024,      { 25376, 448, 6944 } },
    { 4096,  8, 64, NO_WINDOW, { 16128, 512, 16128 } },
};

/* Adds the classes of the `rows` mask rows from q0 on, a problem of their own: tiles of different rows do not meet. */
static void count_row_of_tiles(const struct counts *c, uint32_t q0, double *mask, double *blk, uint32_t seen[3])
{
    const uint32_t rows = c->len - q0 < c->bq ? c->len - q0 : c->bq;
    const PARAMS p = { .seq_len_q = rows, .seq_len_k = c->len, .bq = c->bq, .bk = c->bk, .window = 1 };
    const struct mxb_problem pr = problem(&p, MXB_FILL_NORMAL);
    for (uint32_t i = 0; i < rows; i++)
        for (uint32_t k = 0; k < c->len; k++)
            mask[i * c->len + k] = k > q0 + i || q0 + i - k >= c->window ? -INFINITY : 0;
    op->reference(&pr, (const struct mxb_ref[]){ { .v = mask }, { .v = blk } }, 0, 1);
    for (uint32_t kt = 0; kt < (c->len + c->bk - 1) / c->bk; kt++)
        seen[blk[kt] == 0 ? 0 : blk[kt] == 1 ? 1 : 2]++;
}

static void published_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(table); i++) {
        const struct counts *c = &table[i];
        uint32_t seen[3] = { 0 };
        double *mask = array((size_t)c->bq * c->len, sizeof *mask), *blk = array(c->len, sizeof *blk);
        for (uint32_t q0 = 0; q0 < c->len; q0 += c->bq)
            count_row_of_tiles(c, q0, mask, blk, seen);
        if (memcmp(seen, c->n, sizeof seen) != 0)
            fail_msg("%u, tile %u x %u, window %u: %u %u %u", c->len, c->bq, c->bk, c->window, seen[0], seen[1], seen[2]);
        free(mask), free(blk);
    }
}

/* ---- the generator ---- */

static void generated_windows_have_the_published_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct counts *c = &table[i];
        const PARAMS p = { .seq_len_q = c->len, .seq_len_k = c->len, .bq = c->bq, .bk = c->bk, .window = c->window };
        const size_t n = (size_t)(c->n[0] + c->n[1] + c->n[2]);
        uint32_t seen[3] = { 0 };
        double *blk = oracle_classes(&p, MXB_FILL_NORMAL);
        for (size_t t = 0; t < n; t++)
            seen[(int)blk[t]]++;
        assert_memory_equal(seen, c->n, sizeof seen);
        free(blk);
    }
}

/* Classes in turn along both axes, and in their cells the numbers that a wrong threshold or sign test trips over. */
static void default_mask_has_every_class_and_edge_value(void **state)
{
    static const uint16_t edge[] = { 0x0000, 0x8000, 0xff80, 0xff7f, 0xf149, 0xf14a, 0xc61c };
    struct flash_attn_prefill_blk_params p;
    ops_defaults(op, &p);
    const struct mxb_problem pr = problem(&p, MXB_FILL_NORMAL);
    uint16_t *mask = array(pr.nelem[T_MASK], 2);
    (void)state;
    problem_fill(&pr, T_MASK, (void *const[]){ mask, NULL }, NULL, mask);
    for (size_t e = 0; e < MXB_COUNT(edge); e++) {
        size_t i = 0;
        while (i < pr.nelem[T_MASK] && mask[i] != edge[e])
            i++;
        if (i == pr.nelem[T_MASK])
            fail_msg("no cell is %04x", edge[e]);
    }
    free(mask);
    double *blk = oracle_classes(&p, MXB_FILL_NORMAL);
    expect_classes(blk, "1201" "2012");          /* seed 1: (qt + kt + 1) % 3 of blocked, mixed, zero */
    free(blk);
}

static void other_contents(void **state)
{
    PARAMS p = { .seq_len_q = 32, .seq_len_k = 32, .bq = 16, .bk = 16, .mask_fill = FILL_CHECKER, .window = 1 };
    (void)state;
    double *blk = oracle_classes(&p, MXB_FILL_NORMAL);
    expect_classes(blk, "1111");
    free(blk);
    p.mask_fill = FILL_BIAS;
    blk = oracle_classes(&p, MXB_FILL_NORMAL);
    expect_classes(blk, "1111");
    free(blk);
}

/* Tiles of a chessboard of zero (class 2) and blocked (0); a needle makes one mixed, and every fifth tile has none. */
static void needle_tiles(void **state)
{
    const PARAMS p = { .seq_len_q = 23, .seq_len_k = 40, .bq = 8, .bk = 4, .window = 1 };
    const struct mxb_problem pr = problem(&p, MXB_FILL_NEEDLE);
    uint16_t *mask = array(pr.nelem[T_MASK], 2);
    uint32_t corners = 0;
    (void)state;
    problem_fill(&pr, T_MASK, (void *const[]){ mask, NULL }, NULL, mask);
    double *blk = oracle_classes(&p, MXB_FILL_NEEDLE);
    for (uint32_t qt = 0; qt < 3; qt++)
        for (uint32_t kt = 0; kt < 10; kt++) {
            const uint16_t background = (qt + kt) % 2 ? 0xff80 : 0;
            const uint32_t rows = qt == 2 ? 7 : 8;
            uint32_t differ = 0;
            for (uint32_t i = 0; i < rows; i++)
                for (uint32_t j = 0; j < 4; j++)
                    if (mask[(qt * 8 + i) * 40 + kt * 4 + j] != background) {
                        assert_true((i == 0 || i == rows - 1) && (j == 0 || j == 3));
                        corners |= 1u << ((i > 0) + 2 * (j > 0));
                        differ++;
                    }
            assert_true(differ <= 1);
            assert_true(blk[qt * 10 + kt] == (differ ? 1 : background ? 0 : 2));
        }
    assert_int_equal(corners, 15);
    free(mask), free(blk);
}

/* ---- the CPU kernel ---- */

static void compare_cpu(const PARAMS *p, enum mxb_fill fill)
{
    const struct mxb_problem pr = problem(p, fill);
    const int32_t spec[] = { MXB_BF16, 0, 0, (int32_t)p->bq, (int32_t)p->bk };
    const int64_t items = (p->seq_len_q + p->bq - 1) / p->bq;
    uint16_t *mask = array(pr.nelem[T_MASK], 2);
    uint8_t *got = array(pr.nelem[T_BLK], 1);
    memset(got, 0xff, pr.nelem[T_BLK]);
    problem_fill(&pr, T_MASK, (void *const[]){ mask, got }, NULL, mask);
    double *want = oracle_classes(p, fill);
    const struct mxb_args args = { .buf = (void *const[]){ mask, got }, .params = p, .spec = spec };
    flash_attn_prefill_blk_cpu(&args, items / 2, items);
    flash_attn_prefill_blk_cpu(&args, 0, items / 2);
    for (size_t t = 0; t < pr.nelem[T_BLK]; t++)
        if (got[t] != want[t])
            fail_msg("%u x %u, tile %u x %u, content %u, fill %d: tile %zu is %d, wanted %g", p->seq_len_q, p->seq_len_k,
                     p->bq, p->bk, p->mask_fill, (int)fill, t, got[t], want[t]);
    free(mask), free(got), free(want);
}

static void cpu_kernel_equals_oracle(void **state)
{
    static const uint32_t len[] = { 1, 15, 16, 17, 63, 64, 65, 130 };
    static const uint32_t tile[][2] = { { 32, 16 }, { 8, 64 }, { 8, 8 }, { 1, 1 }, { 16, 5 } };
    (void)state;
    for (uint32_t i = 0; i < 8 * 8 * 5 * 6; i++) {
        const uint32_t content = i / 320;        /* the last is the needle's */
        const PARAMS p = { .seq_len_q = len[i % 8], .seq_len_k = len[i / 8 % 8], .bq = tile[i / 64 % 5][0],
                           .bk = tile[i / 64 % 5][1], .mask_fill = content % 5, .window = 20 };
        compare_cpu(&p, content == 5 ? MXB_FILL_NEEDLE : MXB_FILL_NORMAL);
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
    const PARAMS largest = { NO_WINDOW, NO_WINDOW, 4096, 4096, FILL_FULL, NO_WINDOW };
    (void)state;
    rejected((PARAMS){ 0, 8, 8, 8, FILL_FULL, 1 }, "seq_len_q");
    rejected((PARAMS){ 8, 0, 8, 8, FILL_FULL, 1 }, "seq_len_k");
    rejected((PARAMS){ 8, 8, 0, 8, FILL_FULL, 1 }, "bq");
    rejected((PARAMS){ 8, 8, 8, 0, FILL_FULL, 1 }, "bk");
    rejected((PARAMS){ 8, 8, 8, 8, 5, 1 }, "mask_fill");
    rejected((PARAMS){ 8, 8, 8, 8, FILL_WINDOW, 0 }, "window");
    const struct mxb_problem pr = problem(&largest, MXB_FILL_NORMAL);    /* the products do not overflow */
    assert_true(pr.nelem[T_MASK] == UINT64_C(1) << 44 && pr.nelem[T_BLK] == UINT64_C(1) << 20);
}

static void work_is_counted(void **state)
{
    const PARAMS p = { .seq_len_q = 2455, .seq_len_k = 2455, .bq = 32, .bk = 16, .window = 1024 };
    const struct mxb_problem pr = problem(&p, MXB_FILL_NORMAL);
    (void)state;
    assert_true(problem_min_bytes(&pr) == 2.0 * 2455 * 2455 + 11858);
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
        cmocka_unit_test(classes_by_value),
        cmocka_unit_test(small_tile_maps),
        cmocka_unit_test(published_counts),
        cmocka_unit_test(generated_windows_have_the_published_counts),
        cmocka_unit_test(default_mask_has_every_class_and_edge_value),
        cmocka_unit_test(other_contents),
        cmocka_unit_test(needle_tiles),
        cmocka_unit_test(cpu_kernel_equals_oracle),
        cmocka_unit_test(bad_arguments_are_rejected),
        cmocka_unit_test(work_is_counted),
        cmocka_unit_test(tables_are_consistent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
