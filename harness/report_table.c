/* --format table: one heading per problem, one line per device, impl and tile. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/report.h"
#include "harness/roofline.h"

struct table {
    const struct case_list *list;
    bool colour;
    int width;
    uint32_t last;                   /* problem of the last row + 1, 0 = none */
    uint32_t *varies;                /* per problem's op: bit per parameter that is worth showing; indexed by problem */
};

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
        t->varies[i] = mask;
        if (i && l->problem[i - 1].block->op == op) t->varies[i] |= t->varies[i - 1];
    }
    for (uint32_t i = l->nproblem; i-- > 1; )
        if (l->problem[i - 1].block->op == l->problem[i].block->op) t->varies[i - 1] |= t->varies[i];
}

static void begin(FILE *f, const struct case_list *l, const struct device_list *d, bool colour, int width, void **state)
{
    struct table *t = calloc(1, sizeof(*t));
    if (t) t->varies = calloc(l->nproblem + 1, sizeof(*t->varies));
    if (!t || !t->varies) {
        free(t);
        return;
    }
    t->list = l;
    t->colour = colour;
    t->width = width > 60 ? width : 0;
    find_shown(t);
    for (uint32_t i = 0; i < d->n; i++)
        fprintf(f, "%-10s %s, %s %s\n", d->device[i].label, d->device[i].caps.name, d->device[i].caps.driver,
                d->device[i].caps.driver_version);
    for (uint32_t b = 0; b < linked_backend_count && b < MAX_BACKENDS; b++)
        if (*d->missing[b]) fprintf(f, "%-10s unavailable: %s\n", linked_backends[b]->name, d->missing[b]);
    *state = t;
}

static const char *status_colour(enum mxb_status st)
{
    return st == ST_PASS ? "\033[32m" : st == ST_SKIP ? "\033[33m" : "\033[31m";
}

/* Prints text, cut to the table's width with an ellipsis. */
static void print_cut(FILE *f, const struct table *t, int used, const char *text)
{
    const int room = t->width ? t->width - used : 0;
    if (room > 4 && strlen(text) > (size_t)room) fprintf(f, "%.*s…\n", room - 1, text);
    else fprintf(f, "%s\n", text);
}

static void heading(FILE *f, const struct table *t, const struct bench_problem *p, uint32_t shown)
{
    const struct mxb_op *op = p->block->op;
    char all[2048], line[2048] = "";
    size_t n = 0;
    params_text(op, p->params, all, sizeof(all));
    const char *s = all;
    for (uint32_t i = 0; i < op->nparam && *s; i++) {
        const size_t len = strcspn(s, " ");
        if ((shown & 1u << i) && n + len + 2 < sizeof(line)) n += (size_t)snprintf(line + n, sizeof(line) - n, " %.*s", (int)len, s);
        s += len + strspn(s + len, " ");
    }
    fprintf(f, "\n%s%s%s", t->colour ? "\033[1m" : "", p->entry->name, t->colour ? "\033[0m" : "");
    print_cut(f, t, (int)strlen(p->entry->name), line);
}

static void print_time(FILE *f, double ns)
{
    static const char *const unit[] = { "ns", "us", "ms", "s " };
    int u = 0;
    while (ns >= 1000 && u < 3) {
        ns /= 1000;
        u++;
    }
    fprintf(f, "%9.*f %s", ns < 10 ? 3 : ns < 100 ? 2 : 1, ns, unit[u]);
}

/* How near the figure comes to what the device can do; more than that is a fault to look into. */
static void print_limit(FILE *f, const struct result_row *r)
{
    const bool impossible = r->limit_ns > ROOFLINE_IMPOSSIBLE * r->median_ns;
    fprintf(f, " %5.1f %% of %s limit%s", 100 * r->limit_ns / r->median_ns, r->limit_by, impossible ? ": impossible" : "");
}

static void row(FILE *f, void *state, const struct result_row *r, const char *label, const struct bench_case *c)
{
    struct table *t = state;
    char tile[96];
    if (!t) return;
    if (t->last != c->problem + 1) heading(f, t, &t->list->problem[c->problem], t->varies[c->problem]);
    t->last = c->problem + 1;
    snprintf(tile, sizeof(tile), "%s%s%s%s", r->impl, *r->tile ? " " : "", r->tile, r->cache == CACHE_COLD ? " cold" : "");
    fprintf(f, "  %s%-4s%s %-10s %-30s", t->colour ? status_colour(r->status) : "", status_name(r->status), t->colour ? "\033[0m" : "",
            label, tile);
    if (r->status == ST_SKIP) {
        fputc(' ', f);
        print_cut(f, t, 48, r->reason);
        return;
    }
    if (r->compared && r->status == ST_PASS) fprintf(f, " %5.2f σ max", r->err_max);
    else fprintf(f, " %11s", "");
    if (r->status == ST_PASS && r->nround) {
        print_time(f, r->median_ns);
        fprintf(f, " ±%4.1f %% %8.2f GB/s", 50 * (r->ci_hi_ns - r->ci_lo_ns) / r->median_ns, r->gbps);
        if (r->flops > 0) fprintf(f, " %8.2f GFLOP/s", r->gflops);
        if (r->limit_ns > 0) print_limit(f, r);
    }
    fputc('\n', f);
    if (status_fails_run(r->status)) fprintf(f, "       %s\n       %s\n", r->reason, r->repro);
    fflush(f);
}

static void end(FILE *f, void *state, const struct run_summary *s)
{
    struct table *t = state;
    uint32_t total = 0;
    fputc('\n', f);
    for (int i = 0; i < ST_COUNT; i++) {
        total += s->count[i];
        if (s->count[i] || i <= ST_SKIP) fprintf(f, "%u %s, ", s->count[i], status_name((enum mxb_status)i));
    }
    fprintf(f, "%u cases in %.1f s; %u problems, %u oracles; pipelines: %u compiled in %.2f s, %u reused\n", total, s->wall_s,
            s->problems, s->oracles, s->compiles, s->compile_s, s->hits);
    const bool stored = s->db_path && s->run_uuid && *s->run_uuid;
    if (stored) fprintf(f, "stored in %s, run %s\n", s->db_path, s->run_uuid);
    if (s->resumed) fprintf(f, "%u of these cases were finished before\n", s->resumed);
    if (s->not_run) fprintf(f, "stopped at a failure (--fail-fast): %u cases not run\n", s->not_run);
    if (s->interrupted && stored) fprintf(f, "interrupted: what is above is kept; mlxbench run --resume %.8s goes on\n", s->run_uuid);
    else if (s->interrupted) fprintf(f, "interrupted\n");
    free(t->varies);
    free(t);
}

const struct reporter report_table = { "table", begin, row, end };
