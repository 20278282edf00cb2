/* `mlxbench compare`: reads two sides, prints the pairs (compare.h). */
#include "harness/compare.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/ci.h"
#include "harness/cli.h"
#include "harness/sheet.h"

/* ---- what A and B mean ---- */

/* "path.db", "path.db:run": a file of that name is there.  *run: the part behind the colon, or "last". */
static bool names_file(const char *word, char path[4096], const char **run)
{
    struct stat st;
    const char *colon = strrchr(word, ':');
    *run = "last";
    if (strlen(word) >= 4096) return false;
    strcpy(path, word);
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) return true;
    if (colon && colon[1]) {
        path[colon - word] = 0;
        *run = colon + 1;
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) return true;
    }
    const size_t n = strlen(path);
    return strchr(path, '/') ||
           (n > 3 && strcmp(path + n - 3, ".db") == 0); /* meant as one: the store says what is wrong */
}

static int read_side(const struct cli *c, const char *word, struct point_list *l)
{
    struct store *st = NULL;
    int64_t *run = NULL;
    uint32_t nrun;
    char path[4096], err[MXB_ERRLEN];
    const char *name = word;
    const bool file = names_file(word, path, &name);
    if (!file) name = word;
    int rc = store_open(file ? path : cli_db(c), false, &st, err, sizeof(err));
    if (rc == 0) rc = store_find_runs(st, name, &run, &nrun, err, sizeof(err));
    if (rc == 0) rc = store_points_of_runs(st, run, nrun, l, err, sizeof(err));
    free(run);
    store_close(st);
    return rc ? cli_error(rc == MXB_EDB ? EXIT_DB : EXIT_USAGE, "compare: %s", err) : 0;
}

/* ---- output ---- */

static const struct sheet_column columns[] = {
    { "verdict", "verdict" }, { "ratio", "B / A" }, { "ratio_lo", NULL }, { "ratio_hi", NULL }, { NULL, "99 % interval" },
    { "a_ns", "A" }, { "b_ns", "B" }, { "a_rounds", NULL }, { "b_rounds", NULL },
    { "a_gbps", NULL }, { "b_gbps", NULL }, { "a_gflops", NULL }, { "b_gflops", NULL },
    { "a_limit_pct", NULL }, { "b_limit_pct", NULL }, { "a_backend", NULL }, { "b_backend", NULL },
    { "a_device", NULL }, { "b_device", NULL }, { NULL, "device" }, { "a_impl", NULL }, { "b_impl", NULL },
    { "id", "id" }, { "op", NULL }, { "entry", NULL }, { "params", NULL }, { "cache", NULL }, { "why", NULL },
    { "case", "case" },
};

static void add_time(struct sheet *s, const struct point *p)
{
    char text[16];
    const bool timed = p && p->median_ns > 0;
    sheet_number(s, timed ? p->median_ns : NAN, timed ? people_time(p->median_ns, text) : "");
}

static void add_plain(struct sheet *s, double v) { sheet_number(s, v > 0 ? v : NAN, ""); }

/* "cpu NAME" or, where the sides differ, "vulkan, peer:torch sdpa flash": what an outside program has done is in no case. */
static const char *device_of(const struct pair *pair, char text[128])
{
    const struct point *a = pair->a, *b = pair->b, *p = a ? a : b;
    if (!a || !b || strcmp(a->backend, b->backend) == 0) {
        snprintf(text, 128, "%.60s %.60s", p->backend, p->device);
        return text;
    }
    const char *how[2] = { pair_case(pair) == b ? a->impl : "", pair_case(pair) == a ? b->impl : "" };
    snprintf(text, 128, "%.20s%s%.40s, %.20s%s%.40s", a->backend, *how[0] ? " " : "", how[0], b->backend, *how[1] ? " " : "", how[1]);
    return text;
}

static void add_row(struct sheet *s, const struct pair *p)
{
    static const struct point none = { .backend = "", .device = "", .impl = "" };
    const struct point *a = p->a ? p->a : &none, *b = p->b ? p->b : &none, *any = pair_case(p);
    const bool has = p->ratio.value > 0, interval = has && isfinite(p->ratio.hi);
    char text[64] = "", device[128], id[11];
    sheet_text(s, pair_verdicts[p->verdict]);
    if (has) snprintf(text, sizeof(text), "%.3f", p->ratio.value);
    sheet_number(s, has ? p->ratio.value : NAN, text);
    sheet_number(s, interval ? p->ratio.lo : NAN, "");
    sheet_number(s, interval ? p->ratio.hi : NAN, "");
    if (interval) snprintf(text, sizeof(text), "%.3f .. %.3f", p->ratio.lo, p->ratio.hi);
    else snprintf(text, sizeof(text), "%s", has ? "one round: none" : p->why);
    sheet_text(s, text);
    add_time(s, p->a);
    add_time(s, p->b);
    add_plain(s, (double)p->na);
    add_plain(s, (double)p->nb);
    const double figure[] = { a->gbps, b->gbps, a->gflops, b->gflops, a->limit_pct, b->limit_pct };
    for (size_t i = 0; i < MXB_COUNT(figure); i++) add_plain(s, figure[i]);
    sheet_text(s, a->backend);
    sheet_text(s, b->backend);
    sheet_text(s, a->device);
    sheet_text(s, b->device);
    sheet_text(s, device_of(p, device));
    sheet_text(s, a->impl);
    sheet_text(s, b->impl);
    snprintf(id, sizeof(id), "%.10s", any->case_id);
    sheet_text(s, id);
    sheet_text(s, any->op);
    sheet_text(s, any->entry);
    sheet_text(s, any->params_json);
    sheet_text(s, any->cache);
    sheet_text(s, p->why);
    sheet_text(s, any->case_text);
}

static int print_rows(const struct pair *p, size_t n, enum sheet_format format)
{
    struct sheet s = { .column = columns, .ncolumn = MXB_COUNT(columns) };
    for (size_t i = 0; i < n; i++) add_row(&s, &p[i]);
    const int code = s.failed ? cli_error(EXIT_USAGE, "compare: out of memory") : EXIT_FINE;
    if (code == EXIT_FINE) sheet_print(&s, format, stdout);
    sheet_free(&s);
    return code;
}

static bool has_mean(const struct pair *p) { return p->counts && p->ratio.value > 0; }

static void print_mean(const char *name, double sum, size_t n, bool markdown)
{
    const double mean = exp(sum / (double)n);
    if (markdown) printf("- %s: %.3f over %zu\n", name, mean, n);
    else printf("  %-40s %.3f over %zu\n", name, mean, n);
}

/* Geometric mean of the ratios of each op, in the order of first appearance, then of all. */
static void print_means(const struct pair *p, size_t n, bool markdown)
{
    double all = 0;
    size_t count = 0;
    printf("\n%s\n", markdown ? "Geometric mean of B / A:\n" : "geometric mean of B / A");
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        size_t k = 0;
        bool seen = !has_mean(&p[i]);
        for (size_t j = 0; j < i && !seen; j++) seen = has_mean(&p[j]) && strcmp(p[j].a->op, p[i].a->op) == 0;
        if (seen) continue;
        for (size_t j = i; j < n; j++)
            if (has_mean(&p[j]) && strcmp(p[j].a->op, p[i].a->op) == 0) {
                sum += log(p[j].ratio.value);
                k++;
            }
        print_mean(p[i].a->op, sum, k, markdown);
        all += sum;
        count += k;
    }
    if (count) print_mean("all", all, count, markdown);
}

static void print_counts(const struct pair *p, size_t n)
{
    const char *sep = "\n";
    for (int v = 0; v < PAIR_NVERDICT; v++) {
        size_t k = 0;
        for (size_t i = 0; i < n; i++) k += p[i].verdict == (enum pair_verdict)v;
        if (!k) continue;
        printf("%s%zu %s", sep, k, pair_verdicts[v]);
        sep = ", ";
    }
    putchar('\n');
}

/* ---- JUnit and TAP ---- */

enum { FORMAT_JUNIT = SHEET_NFORMAT, FORMAT_TAP, NFORMAT };

static enum ci_outcome outcome_of(enum pair_verdict v)
{
    const bool fine = v == PAIR_UNCHANGED || v == PAIR_FASTER || v == PAIR_FIXED;
    return v == PAIR_NEWLY_FAILING || v == PAIR_SLOWER ? CI_FAILURE : fine ? CI_OK : CI_SKIPPED;
}

/* "slower: B / A 1.100, 99 % interval 1.090 .. 1.110", "not comparable: another device or driver". */
static void explain(const struct pair *p, char *out, size_t n)
{
    size_t at = (size_t)snprintf(out, n, "%s", pair_verdicts[p->verdict]);
    const char *detail = p->why;
    if (p->verdict <= PAIR_STILL_FAILING || (p->verdict == PAIR_SKIPPED && strcmp(p->b->status, "SKIP") == 0))
        detail = p->b->reason;
    else if (p->verdict == PAIR_SKIPPED) {
        assert(p->a);                /* only what stands on both sides can be SKIP */
        detail = p->a->reason;
    }
    if (p->ratio.value > 0) at += (size_t)snprintf(out + at, n - at, ": B / A %.3f", p->ratio.value);
    if (p->ratio.value > 0 && isfinite(p->ratio.hi))
        snprintf(out + at, n - at, ", 99 %% interval %.3f .. %.3f", p->ratio.lo, p->ratio.hi);
    else if (*detail) snprintf(out + at, n - at, ": %s", detail);
}

static int print_ci(const struct pair *p, size_t n, int format)
{
    struct junit *junit = format == FORMAT_JUNIT ? junit_new() : NULL;
    char device[128], reason[1024];
    uint32_t printed = 0;
    if (format == FORMAT_JUNIT && !junit) return cli_error(EXIT_USAGE, "compare: out of memory");
    if (!junit) tap_begin(stdout);
    for (size_t i = 0; i < n; i++) {
        const struct point *any = pair_case(&p[i]);
        explain(&p[i], reason, sizeof(reason));
        const struct ci_case one = { .suite = "compare",
                                     .kind = any->op,
                                     .name = any->case_text,
                                     .label = device_of(&p[i], device),
                                     .outcome = outcome_of(p[i].verdict),
                                     .status = pair_verdicts[p[i].verdict],
                                     .reason = reason };
        if (junit) junit_case(junit, &one);
        else tap_case(stdout, &printed, &one);
    }
    if (junit) junit_print(stdout, junit, &(struct junit_end){ 0 });
    else tap_end(stdout, printed);
    return EXIT_FINE;
}

/* ---- the command ---- */

int compare_run(const struct cli *c)
{
    struct point_list a = { 0 }, b = { 0 };
    const char *known[NFORMAT] = { [FORMAT_JUNIT] = "junit", [FORMAT_TAP] = "tap" };
    struct pair *p = NULL;
    size_t n = 0;
    int format;
    memcpy(known, sheet_formats, sizeof(sheet_formats));
    if (c->arg.n != 2)
        return cli_error(EXIT_USAGE,
                         "compare: give A and B: runs (last, last~1, a uuid's beginning), commits, or FILE.db[:RUN]");
    int code = cli_choice("format", c->format, known, NFORMAT, &format);
    if (code == 0) code = read_side(c, c->arg.item[0], &a);
    if (code == 0) code = read_side(c, c->arg.item[1], &b);
    if (code == 0 && pairs_make(&a, &b, c->across, &p, &n)) code = cli_error(EXIT_USAGE, "compare: out of memory");
    if (code == 0) code = format < SHEET_NFORMAT ? print_rows(p, n, (enum sheet_format)format) : print_ci(p, n, format);
    if (code == 0 && (format == SHEET_TABLE || format == SHEET_MARKDOWN)) {
        print_means(p, n, format == SHEET_MARKDOWN);
        print_counts(p, n);
    }
    pairs_free(p, n);
    points_free(&a);
    points_free(&b);
    return code;
}
