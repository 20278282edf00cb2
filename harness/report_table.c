/* --format table: one heading per problem, one line per device, impl and tile, in columns as wide as the problem
 * needs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/columns.h"
#include "harness/report.h"
#include "harness/roofline.h"

enum {
    COL_STATUS,
    COL_DEVICE,
    COL_TILE,
    COL_ERROR,
    COL_BEST,
    COL_TIME,
    COL_INTERVAL,
    COL_GBPS,
    COL_GFLOPS,
    COL_LIMIT,
    NCOL
};
static const int right_aligned =
    1 << COL_STATUS | 1 << COL_ERROR | 1 << COL_TIME | 1 << COL_INTERVAL | 1 << COL_GBPS | 1 << COL_GFLOPS;
enum { LEAST_TILE = 12 };            /* columns that cutting always leaves of impl and tile */

struct line {                        /* one row, kept until its problem is complete */
    enum mxb_status status;
    char cell[NCOL][192];
    char *reason, *repro, *detail;   /* malloc'ed; NULL = none */
    double median, lo, hi;           /* 0 = not timed */
    int cache;
};
struct table {
    const struct case_list *list;
    struct report_style style;
    uint32_t problem;                /* of the kept lines */
    uint32_t *varies;                /* per problem: bit per parameter of its op that is worth showing */
    struct line *line; uint32_t nline, cap;
    bool starred;                    /* some line was marked as the fastest */
    struct headline_page headlines;
};

/* ---- what is shown ---- */

static uint32_t param_bits(const struct mxb_param *p, const void *params)
{
    uint32_t u;
    memcpy(&u, (const char *)params + p->off, 4);
    return u;
}

static uint32_t default_bits(const struct mxb_param *p)
{
    const float f = (float)p->def;
    uint32_t u = p->type == 'i' ? (uint32_t)(int32_t)p->def : (uint32_t)p->def;
    if (p->type == 'f') memcpy(&u, &f, 4);
    return u;
}

/* Parameters that differ from the default in any problem of the same op. */
static void find_shown(struct table *t)
{
    const struct case_list *l = t->list;
    for (uint32_t i = 0; i < l->nproblem; i++) {
        const struct mxb_op *op = l->problem[i].block->op;
        uint32_t mask = 0;
        for (uint32_t p = 0; p < op->nparam; p++)
            if (param_bits(&op->param[p], l->problem[i].params) != default_bits(&op->param[p])) mask |= 1u << p;
        t->varies[i] = t->style.verbose ? UINT32_MAX : mask;
        if (i && l->problem[i - 1].block->op == op) t->varies[i] |= t->varies[i - 1];
    }
    for (uint32_t i = l->nproblem; i-- > 1; )
        if (l->problem[i - 1].block->op == l->problem[i].block->op) t->varies[i - 1] |= t->varies[i];
}

static void begin(FILE *f, const struct case_list *l, const struct device_list *d, const struct report_style *style,
                  void **state)
{
    struct table *t = calloc(1, sizeof(*t));
    *state = t;
    if (t) t->varies = calloc(l->nproblem + 1, sizeof(*t->varies));
    if (!t || !t->varies) {
        free(t);
        *state = NULL;
        return;
    }
    t->list = l;
    t->style = *style;
    find_shown(t);
    if (style->quiet) return;
    for (uint32_t i = 0; i < d->n; i++) {
        char text[600];
        const struct mxb_caps *c = &d->device[i].caps;
        snprintf(text, sizeof(text), "%-10s %s, %s %s", d->device[i].label, c->name, c->driver, c->driver_version);
        put_cut(f, text, style->width);
        fputc('\n', f);
    }
    for (uint32_t b = 0; b < linked_backend_count && b < MAX_BACKENDS; b++)
        if (*d->missing[b]) fprintf(f, "%-10s unavailable: %s\n", linked_backends[b]->name, d->missing[b]);
}

/* ---- cells ---- */

static void time_text(double ns, char *out, size_t n)
{
    static const char *const unit[] = { "ns", "us", "ms", "s" };
    int u = 0;
    while (ns >= 999.95 && u < 3) {
        ns /= 1000;
        u++;
    }
    snprintf(out, n, "%.*f %s", ns < 9.9995 ? 3 : ns < 99.995 ? 2 : 1, ns, unit[u]);
}

static void fill_cells(struct line *l, const struct result_row *r, const char *label)
{
    enum { CELL = sizeof(l->cell[0]) };
    snprintf(l->cell[COL_STATUS], CELL, "%s", status_name(r->status));
    snprintf(l->cell[COL_DEVICE], CELL, "%s", label);
    snprintf(l->cell[COL_TILE], CELL, "%s%s%s%s", r->impl, *r->tile ? " " : "", r->tile,
             r->cache == CACHE_COLD ? " cold" : "");
    if (r->compared && r->status == ST_PASS) snprintf(l->cell[COL_ERROR], CELL, "%.2f σ", r->err_max);
    if (r->status != ST_PASS || !r->nround) return;
    l->median = r->median_ns;
    l->lo = r->ci_lo_ns;
    l->hi = r->ci_hi_ns;
    time_text(r->median_ns, l->cell[COL_TIME], CELL);
    const double half = 50 * (r->ci_hi_ns - r->ci_lo_ns) / r->median_ns;
    snprintf(l->cell[COL_INTERVAL], CELL, half < 999.95 ? "±%.1f %%" : "±>999 %%", half);
    snprintf(l->cell[COL_GBPS], CELL, "%.2f GB/s", r->gbps);
    if (r->flops > 0) snprintf(l->cell[COL_GFLOPS], CELL, "%.2f GFLOP/s", r->gflops);
    if (r->limit_ns <= 0) return; /* how near the figure comes to what the device can do; more than that is a fault */
    snprintf(l->cell[COL_LIMIT], CELL, "%5.1f %% of %s limit%s", 100 * r->limit_ns / r->median_ns, r->limit_by,
             r->limit_ns > ROOFLINE_IMPOSSIBLE * r->median_ns ? ": impossible" : "");
}

/* --verbose: what the columns leave out. */
static char *detail_of(const struct result_row *r)
{
    static const char *const flag[] = { "not steady",   "drift",          "autocorrelated", "outliers",
                                        "coarse clock", "clock mismatch", "bimodal" };
    char text[512], setup[24], compile[24], first[24];
    uint32_t n = 0, noise = 0;
    for (uint32_t i = 0; i < r->nround; i++) {
        n += r->round[i].n;
        noise |= r->round[i].noise;
    }
    time_text(fmax(r->setup_ns, 0), setup, sizeof(setup));
    time_text(fmax(r->compile_ns, 0), compile, sizeof(compile));
    time_text(fmax(r->first_ns, 0), first, sizeof(first));
    int at = snprintf(text, sizeof(text), "rms %.3g σ over %llu values; set-up %s, compile %s, first run %s",
                      r->err_rms, (unsigned long long)r->compared, setup, compile, first);
    if (r->nround)
        at += snprintf(text + at, sizeof(text) - (size_t)at, "; %u samples in %u round%s, %s clock", n, r->nround,
                       r->nround > 1 ? "s" : "", r->round[0].clock == 'd' ? "device" : "host");
    for (size_t i = 0; i < MXB_COUNT(flag); i++)
        if (noise >> i & 1) at += snprintf(text + at, sizeof(text) - (size_t)at, ", %s", flag[i]);
    return strdup(text);
}

/* ---- a problem's lines ---- */

/* The fastest of a device (and cache mode) gets '*' if it was not alone, those whose intervals overlap with its get
 * '~'. */
static void mark_fastest(struct table *t)
{
    for (uint32_t i = 0; i < t->nline; i++) {
        const struct line *a = &t->line[i], *best = a;
        uint32_t rivals = 0;
        for (uint32_t k = 0; k < t->nline; k++) {
            const struct line *b = &t->line[k];
            if (b->median <= 0 || b->cache != a->cache || strcmp(b->cell[COL_DEVICE], a->cell[COL_DEVICE]) != 0)
                continue;
            rivals++;
            if (b->median < best->median) best = b;
        }
        if (a->median <= 0 || rivals < 2) continue;
        t->starred = true;
        if (best == a) strcpy(t->line[i].cell[COL_BEST], "*");
        else if (a->lo <= best->hi) strcpy(t->line[i].cell[COL_BEST], "~");
    }
}

/* Columns that impl and tile need so that lines which differ still do when they are cut. */
static int telling_width(const struct table *t)
{
    int least = LEAST_TILE;
    for (uint32_t i = 0; i < t->nline; i++)
        for (uint32_t k = 0; k < i; k++) {
            const char *a = t->line[i].cell[COL_TILE], *b = t->line[k].cell[COL_TILE];
            char same[sizeof(t->line[0].cell[0])];
            size_t n = 0;
            if (strcmp(a, b) == 0) continue;
            while (a[n] && a[n] == b[n]) n++;
            n += strcspn(a + n, " ");                /* the whole value */
            snprintf(same, sizeof(same), "%.*s", (int)n, a);
            const int need = text_columns(same) + 1;
            if (need > least) least = need;
        }
    return least;
}

/* Widths by contents; on a terminal that is too narrow, impl and tile are cut as far as they stay distinct, then rates
 * are left out. */
static void find_widths(const struct table *t, int width[NCOL])
{
    memset(width, 0, NCOL * sizeof(*width));
    for (uint32_t i = 0; i < t->nline; i++)
        for (int c = 0; c < NCOL; c++) {
            const int w = text_columns(t->line[i].cell[c]);
            if (t->style.quiet && !status_fails_run(t->line[i].status)) continue;
            if (w > width[c]) width[c] = w;
        }
    if (!t->style.width) return;
    int need = 2;
    for (int c = 0; c < NCOL; c++) need += width[c] ? width[c] + 1 : 0;
    static const int dropped[] = { COL_GBPS, COL_LIMIT, COL_GFLOPS, COL_INTERVAL };
    const int telling = telling_width(t), least = width[COL_TILE] < telling ? width[COL_TILE] : telling;
    for (size_t i = 0; need - t->style.width > width[COL_TILE] - least && i < MXB_COUNT(dropped); i++)
        if (width[dropped[i]]) {
            need -= width[dropped[i]] + 1;
            width[dropped[i]] = 0;
        }
    if (need > t->style.width) {
        const int cut = width[COL_TILE] - (need - t->style.width);
        width[COL_TILE] = cut > LEAST_TILE ? cut : LEAST_TILE;
    }
}

static void heading(FILE *f, const struct table *t)
{
    const struct bench_problem *p = &t->list->problem[t->problem];
    const struct mxb_op *op = p->block->op;
    char all[2048], line[2304];
    size_t n = (size_t)snprintf(line, sizeof(line), "%s", p->entry->name);
    params_text(op, p->params, all, sizeof(all));
    const char *s = all;
    for (uint32_t i = 0; i < op->nparam && *s; i++) {
        const size_t len = strcspn(s, " ");
        if ((t->varies[t->problem] & 1u << i) && n + len + 2 < sizeof(line))
            n += (size_t)snprintf(line + n, sizeof(line) - n, " %.*s", (int)len, s);
        s += len + strspn(s + len, " ");
    }
    fprintf(f, "\n%s", t->style.colour ? "\033[1m" : "");
    const size_t name = strlen(p->entry->name);
    const int width = t->style.width;
    if (width && text_columns(line) > width) line[text_fit(line, width - 1)] = 0;
    const bool cut = strlen(line) < n;
    fprintf(f, "%.*s%s%s%s\n", (int)name, line, t->style.colour ? "\033[0m" : "",
            strlen(line) > name ? line + name : "", cut ? "…" : "");
}

/* Prints text from column `indent` on, its lines (a compiler's, for example) folded between words to the terminal's
 * width. */
static void put_folded(FILE *f, const char *text, int indent, int from, int width)
{
    int at = from;
    bool broken = false;
    for (const char *s = text; *s; ) {
        char word[512];
        const size_t n = strcspn(s, " \n"), take = n < sizeof(word) - 1 ? n : sizeof(word) - 1;
        snprintf(word, sizeof(word), "%.*s", (int)take, s);
        const int w = text_columns(word);
        if (s != text && (broken || (width && at > indent && at + 1 + w > width))) {
            fprintf(f, "\n%*s", indent, "");
            at = indent;
        } else if (s != text) {
            fputc(' ', f);
            at++;
        }
        fputs(word, f);
        at += w;
        s += take;
        const size_t gap = strspn(s, " \n");
        broken = memchr(s, '\n', gap) != NULL;
        s += gap;
    }
    fputc('\n', f);
}

static const char *status_colour(enum mxb_status st)
{
    return st == ST_PASS ? "\033[32m" : st == ST_SKIP ? "\033[33m" : "\033[31m";
}

static void print_line(FILE *f, const struct table *t, const struct line *l, const int width[NCOL])
{
    static const int INDENT = 7;
    const bool colour = t->style.colour;
    int last = l->status == ST_SKIP ? COL_TILE : NCOL - 1, at = 1;
    while (last > COL_STATUS && l->status != ST_SKIP && (!width[last] || !*l->cell[last])) last--;
    fputc(' ', f);
    for (int c = 0; c <= last; c++) {
        const char *on = c == COL_STATUS                                                 ? status_colour(l->status)
                         : *l->cell[COL_BEST] == '*' && (c == COL_BEST || c == COL_TIME) ? "\033[1m"
                                                                                         : "";
        if (!width[c]) continue;
        fprintf(f, " %s", colour ? on : "");
        if (c == last && !(right_aligned & 1 << c) && l->status != ST_SKIP) put_cut(f, l->cell[c], width[c]);
        else put_column(f, l->cell[c], width[c], right_aligned & 1 << c);
        if (colour && *on) fputs("\033[0m", f);
        at += 1 + width[c];
    }
    if (l->status == ST_SKIP && l->reason) {
        fputc(' ', f);
        put_folded(f, l->reason, at + 1, at + 1, at + 24 < t->style.width ? t->style.width : 0);
    } else fputc('\n', f);
    if (l->detail) {
        fprintf(f, "%*s", INDENT, "");
        put_folded(f, l->detail, INDENT, INDENT, t->style.width);
    }
    if (!status_fails_run(l->status)) return;
    fprintf(f, "%*s", INDENT, "");
    put_folded(f, l->reason ? l->reason : "", INDENT, INDENT, t->style.width);
    fprintf(f, "%*s%s\n", INDENT, "", l->repro ? l->repro : "");     /* never folded: to be copied */
}

static void flush(FILE *f, struct table *t)
{
    int width[NCOL];
    bool headed = false;
    mark_fastest(t);
    find_widths(t, width);
    for (uint32_t i = 0; i < t->nline; i++) {
        struct line *l = &t->line[i];
        if (!t->style.quiet || status_fails_run(l->status)) {
            if (!headed) heading(f, t);
            headed = true;
            print_line(f, t, l, width);
        }
        free(l->reason);
        free(l->repro);
        free(l->detail);
    }
    t->nline = 0;
    fflush(f);
}

static void row(FILE *f, void *state, const struct result_row *r, const char *label, const struct bench_case *c)
{
    struct table *t = state;
    if (t->nline && t->problem != c->problem) flush(f, t);
    t->problem = c->problem;
    if (t->nline == t->cap) {
        const uint32_t cap = t->cap ? 2 * t->cap : 16;
        struct line *more = realloc(t->line, cap * sizeof(*more));
        if (!more) flush(f, t);
        if (!more && !t->cap) return;
        if (more) {
            t->line = more;
            t->cap = cap;
        }
    }
    struct line *l = &t->line[t->nline++];
    *l = (struct line){ .status = r->status, .cache = r->cache };
    if (r->reason && *r->reason) l->reason = strdup(r->reason);
    if (status_fails_run(r->status) && r->repro) l->repro = strdup(r->repro);
    if (t->style.verbose && r->status == ST_PASS) l->detail = detail_of(r);
    fill_cells(l, r, label);
}

static void headline(FILE *f, void *state, const struct headline *h)
{
    struct table *t = state;
    (void)f;
    headline_page_add(&t->headlines, h);
}

static void end(FILE *f, void *state, const struct run_summary *s)
{
    struct table *t = state;
    char text[512];
    size_t n = 0;
    uint32_t total = 0;
    flush(f, t);
    headline_page_print(&t->headlines, false, f);
    headline_page_free(&t->headlines);
    fputc('\n', f);
    for (int i = 0; i < ST_COUNT; i++) {
        total += s->count[i];
        if (s->count[i] || i <= ST_SKIP)
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%u %s, ", s->count[i], status_name((enum mxb_status)i));
    }
    snprintf(text + n, sizeof(text) - n,
             "%u cases in %.1f s; %u problems, %u oracles; pipelines: %u compiled in %.2f s, %u reused", total,
             s->wall_s, s->problems, s->oracles, s->compiles, s->compile_s, s->hits);
    put_folded(f, text, 0, 0, t->style.width);
    if (t->starred && !t->style.quiet)
        put_folded(f, "* fastest of its problem on that device; ~ its interval overlaps with the fastest's", 0, 0,
                   t->style.width);
    const bool stored = s->db_path && s->run_uuid && *s->run_uuid;
    if (stored) fprintf(f, "stored in %s, run %s\n", s->db_path, s->run_uuid);
    if (s->resumed) fprintf(f, "%u of these cases were finished before\n", s->resumed);
    if (s->not_run) fprintf(f, "stopped at a failure (--fail-fast): %u cases not run\n", s->not_run);
    if (s->interrupted && stored)
        fprintf(f, "interrupted: what is above is kept; mlxbench run --resume %.8s goes on\n", s->run_uuid);
    else if (s->interrupted) fprintf(f, "interrupted\n");
    free(t->varies);
    free(t->line);
    free(t);
}

const struct reporter report_table = { "table", begin, row, headline, end };
