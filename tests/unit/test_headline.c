/* Headlines from made-up rounds: the ratio of each combination on each device, sums of kernels, what is said where an arm
 * has no time; and as JSON, CSV and tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "harness/group.h"
#include "harness/headline.h"
#include "tests/unit/suite_ops.h"

static const char text[] =
    "suite: made up\n"
    "backends: [cpu]\n"
    "pairs:\n"
    "  - name: long against short\n"
    "    claim: twice | as \"long\"\n"
    "    a: {op: attn, entries: attn_f32_d64, sweep: {seq_len_k: [16, 32]}}\n"
    "    b:\n"
    "      - {op: attn, entries: attn_bf16_d256, sweep: {seq_len_k: [16, 32]}}\n"
    "      - {op: norm, entries: norm_f32}\n";

enum { NGROUP = 5, NDEVICE = 2, NROUND = 3, MAX_SEEN = 8 };
static struct case_list list;
static struct device device[NDEVICE];
static struct group group[NGROUP];
static struct slot slot[NGROUP][NDEVICE];
static struct measurement *measured[NGROUP][NDEVICE][NROUND];

struct seen { char a[256], b[256], a_cases[64], notes[64], reason[256], label[32]; struct headline h; };
static struct seen seen[MAX_SEEN];
static uint32_t nseen;

static int keep(void *ctx, const struct headline *h)
{
    assert_true(nseen < MAX_SEEN);
    struct seen *s = &seen[nseen++];
    (void)ctx;
    s->h = *h;
    snprintf(s->a, sizeof s->a, "%s", h->arm[0].text);
    snprintf(s->b, sizeof s->b, "%s", h->arm[1].text);
    snprintf(s->a_cases, sizeof s->a_cases, "%s", h->arm[0].cases);
    snprintf(s->notes, sizeof s->notes, "%s", h->arm[1].notes);
    snprintf(s->reason, sizeof s->reason, "%s", h->reason);
    snprintf(s->label, sizeof s->label, "%s", h->device_label);
    return 0;
}

static void near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-9 * fabs(want))) fail_msg("%.17g, wanted %.17g", got, want);
}

/* Time of group g's case on device d in round r: what rounds share is a factor of 1.5 and more, which cancels. */
static double time_of(uint32_t g, uint32_t d, uint32_t r)
{
    static const double base[NGROUP] = { 100, 300, 150, 360, 50 };
    return base[g] * (d ? 10 : 1) * (r == 1 ? 1.5 : r == 2 ? 2.5 : 1);
}

/* Problems 0 and 1 are arm A, 2 and 3 the first part of B, 4 the second, which serves both combinations. */
static int set_up(void **state)
{
    (void)state;
    char err[MXB_ERRLEN];
    write_text("t.yaml", text);
    if (load_path("t.yaml", NULL, &list, err) || list.nproblem != NGROUP || list.nitem != NGROUP) return -1;
    nseen = 0;
    for (uint32_t d = 0; d < NDEVICE; d++) {
        device[d] = (struct device){ .index = (int)d };
        snprintf(device[d].label, sizeof device[d].label, "cpu:%u", d);
        snprintf(device[d].caps.name, sizeof device[d].caps.name, "Some CPU %u", d);
    }
    for (uint32_t g = 0; g < NGROUP; g++) {
        group[g] = (struct group){ .list = &list, .bp = &list.problem[g], .slot = slot[g], .nslot = NDEVICE, .bytes = 1000 * (g + 1) };
        for (uint32_t d = 0; d < NDEVICE; d++) {
            struct slot *s = &slot[g][d];
            struct summary sum[NROUND];
            *s = (struct slot){ .item = &list.item[g], .dev = &device[d], .status = ST_PASS, .compared = 10, .err_rms = 0.1 * (g + 1),
                                .err_max = g + 1, .nrmse = g == 4 ? NAN : 1e-3 * (g + 1), .nround = NROUND };
            for (uint32_t r = 0; r < NROUND; r++) {
                const double t = time_of(g, d, r);
                struct measurement *m = s->round[r] = measured[g][d][r] = calloc(1, sizeof *m);
                if (!m) return -1;
                m->s = sum[r] = (struct summary){ .n = 30, .median = t, .ci_lo = t * 0.999, .ci_hi = t * 1.001 };
            }
            combine_rounds(sum, NROUND, &s->figure);
        }
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (uint32_t g = 0; g < NGROUP; g++)
        for (uint32_t d = 0; d < NDEVICE; d++)
            for (uint32_t r = 0; r < NROUND; r++) free(measured[g][d][r]);
    suites_free(&list);
    return 0;
}

static void all(void)
{
    assert_int_equal(headlines_of(group, NGROUP, keep, NULL), 0);
}

static void ratios(void **state)
{
    (void)state;
    all();
    assert_int_equal(nseen, 4);                      /* two combinations, each on two devices */
    for (uint32_t i = 0; i < nseen; i++) {
        const struct seen *s = &seen[i];
        const uint32_t v = i / 2, d = i % 2;
        assert_int_equal(s->h.variant, v);
        assert_string_equal(s->label, d ? "cpu:1" : "cpu:0");
        assert_string_equal(s->reason, "");
        assert_int_equal(s->h.rounds, NROUND);
        near(s->h.ratio, (v ? 360.0 + 50 : 150.0 + 50) / (v ? 300 : 100));
        /* The rounds' own intervals of +-0.1 % are all that is open, three rounds on each side. */
        assert_true(fabs(log(s->h.hi / s->h.ratio) / (-log(0.999) * sqrt(2.0 / 3)) - 1) < 1e-6);
        near(s->h.ratio / s->h.lo, s->h.hi / s->h.ratio);
        near(s->h.arm[0].ns, time_of(v, d, 1));      /* the median of the rounds */
        near(s->h.arm[1].ns, time_of(2 + v, d, 1) + time_of(4, d, 1));
        assert_int_equal(s->h.arm[0].kernels, 1);
        assert_int_equal(s->h.arm[1].kernels, 2);
        near(s->h.arm[0].bytes, v ? 2000 : 1000);
        near(s->h.arm[1].bytes, (v ? 4000 : 3000) + 5000);
        near(s->h.arm[1].err_max, 5);                /* the worst part's */
        near(s->h.arm[1].err_rms, 0.5);
        near(s->h.arm[1].nrmse, v ? 4e-3 : 3e-3);    /* NaN is no error */
    }
    assert_string_equal(seen[0].a, "attn_f32_d64 seq_len_k=16");
    assert_string_equal(seen[2].a, "attn_f32_d64 seq_len_k=32");
    assert_string_equal(seen[2].b, "attn_bf16_d256 seq_len_k=32 + norm_f32");
    char id[32];
    snprintf(id, sizeof id, "%010llx", (unsigned long long)(case_hash(&list, &list.item[1]) >> 24));
    assert_string_equal(seen[2].a_cases, id);
}

/* Noise that both arms share is not in the interval; noise of their own is. */
static void interval(void **state)
{
    (void)state;
    for (uint32_t r = 0; r < NROUND; r++) measured[0][0][r]->s.median *= 1 + 0.01 * r;
    all();
    double z[NROUND], mean = 0, var = 0;
    for (uint32_t r = 0; r < NROUND; r++) mean += z[r] = log(200 / (100 * (1 + 0.01 * r)));
    mean /= NROUND;
    for (uint32_t r = 0; r < NROUND; r++) var += (z[r] - mean) * (z[r] - mean) / (NROUND - 1) / NROUND;
    near(seen[0].h.ratio, exp(mean));
    assert_true(fabs(log(seen[0].h.hi / seen[0].h.ratio) / sqrt(var) - 4.302653) < 1e-4);      /* t(0.975) of 2 */
    near(seen[1].h.ratio, 2);                        /* the other device */
}

static void no_times(void **state)
{
    (void)state;
    slot[0][0].status = ST_FAIL;
    strcpy(slot[0][0].reason, "o[3]: want 1, got 2");
    strcpy(slot[4][1].reason, "nrmse 0.01");         /* of a case that passed */
    slot[4][0].nround = 0;
    slot[2][1].status = ST_SKIP;
    strcpy(slot[2][1].reason, "no subgroups");
    group[3].nslot = 0;                              /* left out by --filter, say */
    all();
    assert_int_equal(nseen, 4);
    assert_string_equal(seen[0].reason, "A is FAIL: o[3]: want 1, got 2; B, case 2 was not timed");
    assert_string_equal(seen[1].reason, "B, case 1 is SKIP: no subgroups");
    assert_string_equal(seen[1].notes, "nrmse 0.01");
    assert_string_equal(seen[0].notes, "");
    assert_string_equal(seen[2].reason, "B, case 1 was not run: left out by the options, or finished before this start");
    for (uint32_t i = 0; i < nseen; i++) assert_true(isnan(seen[i].h.ratio) && isnan(seen[i].h.lo) && isnan(seen[i].h.hi));
    assert_true(isnan(seen[0].h.arm[0].ns) && isnan(seen[0].h.arm[1].ns) && isnan(seen[1].h.arm[1].ns));
    near(seen[1].h.arm[0].ns, time_of(0, 1, 1));
}

static void one_round(void **state)
{
    (void)state;
    slot[4][0].nround = 1;
    all();
    assert_int_equal(seen[0].h.rounds, 1);
    near(seen[0].h.ratio, 2);
    assert_true(isnan(seen[0].h.lo) && isnan(seen[0].h.hi));
}

static void nothing_to_say(void **state)
{
    (void)state;
    slot[1][1].interrupted = true;
    all();
    assert_int_equal(nseen, 0);
    slot[1][1].interrupted = false;
    ((struct suite_block *)(uintptr_t)group[0].bp->block)->bench.enabled = false;      /* --check-only */
    all();
    assert_int_equal(nseen, 0);
}

static int stop(void *ctx, const struct headline *h)
{
    (void)h;
    return ++*(int *)ctx == 2 ? MXB_EDEVICE : 0;
}

static void stops(void **state)
{
    (void)state;
    int calls = 0;
    assert_int_equal(headlines_of(group, NGROUP, stop, &calls), MXB_EDEVICE);
    assert_int_equal(calls, 2);
}

/* ---- formats ---- */

static void ratio_texts(void **state)
{
    (void)state;
    char out[64];
    assert_string_equal(headline_ratio(&(struct headline){ .ratio = 2, .lo = 1.5, .hi = 2.6666 }, out), "2.000 (1.500 .. 2.667)");
    assert_string_equal(headline_ratio(&(struct headline){ .ratio = 2, .lo = 1e-9, .hi = INFINITY }, out), "2.000 (<0.001 .. >1000)");
    assert_string_equal(headline_ratio(&(struct headline){ .ratio = 2, .lo = NAN, .hi = NAN }, out), "2.000 (one round)");
    assert_string_equal(headline_ratio(&(struct headline){ .ratio = NAN, .lo = NAN, .hi = NAN }, out), "");
}

static int print_all(void *ctx, const struct headline *h)
{
    FILE **f = ctx;
    headline_json(f[0], h);
    headline_csv(f[1], h);
    fputc('\n', f[1]);
    return 0;
}

static uint32_t count(const char *s, char c)
{
    uint32_t n = 0;
    bool quoted = false;
    for (; *s && *s != '\n'; s++) {
        quoted ^= *s == '"';
        n += *s == c && !quoted;
    }
    return n;
}

static void formats(void **state)
{
    (void)state;
    char *out[4] = { NULL };
    size_t size[4];
    FILE *f[4];
    slot[0][0].status = ST_SKIP;
    strcpy(slot[0][0].reason, "because");
    for (int i = 0; i < 4; i++) assert_non_null(f[i] = open_memstream(&out[i], &size[i]));
    headline_csv_head(f[1]);
    fputc('\n', f[1]);
    headline_csv(f[1], NULL);
    fputc('\n', f[1]);
    assert_int_equal(headlines_of(group, NGROUP, print_all, f), 0);
    struct headline_page page = { 0 };
    headline_page_print(&page, false, f[2]);
    fflush(f[2]);
    assert_string_equal(out[2], "");                 /* no heading without headlines */
    all();
    for (uint32_t i = 0; i < nseen; i++) {
        seen[i].h.arm[0].text = seen[i].a;
        seen[i].h.arm[1].text = seen[i].b;
        seen[i].h.arm[0].notes = i ? "" : "blk: 50.0 % skipped";
        seen[i].h.arm[1].notes = "";
        seen[i].h.reason = seen[i].reason;
        headline_page_add(&page, &seen[i].h);
    }
    headline_page_print(&page, false, f[2]);
    headline_page_print(&page, true, f[3]);
    headline_page_free(&page);
    for (int i = 0; i < 4; i++) fclose(f[i]);

    assert_non_null(strstr(out[0], "{\"format\":1,\"headline\":\"long against short\",\"suite\":\"made up\",\"claim\":\"twice | as \\\"long\\\"\","));
    assert_non_null(strstr(out[0], "\"ratio\":null,\"ratio_lo\":null,\"ratio_hi\":null,\"rounds\":0,\"reason\":\"A is SKIP: because\""));
    assert_non_null(strstr(out[0], "\"b_kernels\":2"));
    const char *line = out[1];
    const uint32_t commas = count(line, ',');
    for (uint32_t i = 0; i < 6; i++, line = strchr(line, '\n') + 1) assert_int_equal(count(line, ','), commas);
    assert_int_equal(*line, 0);
    assert_non_null(strstr(out[1], "pair_headline,pair_suite,"));
    assert_non_null(strstr(out[1], "\"twice | as \"\"long\"\"\""));
    assert_non_null(strstr(out[2], "\nlong against short: twice | as \"long\"\n"));
    assert_non_null(strstr(out[2], "no ratio: A is SKIP: because\n"));
    assert_non_null(strstr(out[2], " (sum of 2 kernels)\n"));
    assert_non_null(strstr(out[2], "attn_f32_d64 seq_len_k=16 [blk: 50.0 % skipped]\n"));
    assert_non_null(strstr(out[2], "2.000 (1.998 .. 2.002)"));
    assert_non_null(strstr(out[3], "### Headlines"));
    assert_non_null(strstr(out[3], "**long against short**: twice \\| as \"long\"\n"));
    for (int i = 0; i < 4; i++) free(out[i]);
}

int main(void)
{
#define on_rounds(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        on_rounds(ratios), on_rounds(interval),       on_rounds(no_times), on_rounds(one_round),
        on_rounds(stops),  on_rounds(nothing_to_say), on_rounds(formats),  cmocka_unit_test(ratio_texts),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
