/* Tile heat map: time over two tile constants (BQ and BK where there are such), one panel per device, best and missing
 * tiles marked. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/case_fields.h"
#include "harness/escape.h"
#include "harness/plot.h"

enum { MAX_STEPS = 12, MAX_PANELS = 6 };

struct axis { char name[32]; double value[MAX_STEPS]; uint32_t n; };

static bool put_value(struct axis *a, double v)
{
    uint32_t i = 0;
    while (i < a->n && a->value[i] < v) i++;
    if (i < a->n && a->value[i] == v) return true;
    if (a->n == MAX_STEPS) return false;
    memmove(&a->value[i + 1], &a->value[i], (a->n - i) * sizeof(*a->value));
    a->value[i] = v;
    a->n++;
    return true;
}

static int index_of(const struct axis *a, double v)
{
    for (uint32_t i = 0; i < a->n; i++)
        if (a->value[i] == v) return (int)i;
    return -1;
}

static void collect(const struct result_set *s, const struct stored_result *problem, struct axis *a)
{
    double v;
    a->n = 0;
    for (uint32_t i = 0; i < s->nresult; i++) {
        const struct stored_result *r = &s->result[i];
        if (r->line.tile && same_problem(r, problem) && field_number(r->line.tile, a->name, &v)) put_value(a, v);
    }
}

/* The two constants that the problem's results vary: BQ and BK, else the first two that have several values. */
static bool find_axes(const struct result_set *s, const struct stored_result *problem, struct axis *x, struct axis *y)
{
    const char *t = problem->line.tile;
    struct field_text f;
    uint32_t found = 0;
    strcpy(x->name, "BK");
    strcpy(y->name, "BQ");
    collect(s, problem, x);
    collect(s, problem, y);
    if (x->n > 1 && y->n > 1) return true;
    while (t && found < 2 && next_field(&t, &f)) {
        struct axis *a = found ? x : y;
        snprintf(a->name, sizeof(a->name), "%.*s", f.name_len, f.name);
        collect(s, problem, a);
        found += a->n > 1;
    }
    return found == 2;
}

uint32_t plot_tile_problems(const struct result_set *s, const struct stored_result **out, uint32_t max)
{
    uint32_t n = 0, kept = 0, first = 0;
    struct axis x, y;
    while (first < s->nresult) {                     /* results of a problem are neighbours in a run */
        const struct stored_result *r = &s->result[first];
        uint32_t end = first + 1, tiled = r->line.tile != NULL;
        while (end < s->nresult && s->result[end].run == r->run && same_problem(&s->result[end], r))
            tiled += s->result[end++].line.tile != NULL;
        while (first < end && !s->result[first].line.tile) first++;
        bool known = tiled < 4;
        for (uint32_t k = 0; k < kept && !known; k++) known = same_problem(out[k], &s->result[first]);
        if (!known && find_axes(s, &s->result[first], &x, &y)) {
            if (kept < max) out[kept++] = &s->result[first];
            n++;
        }
        first = end;
    }
    return n;
}

struct panel {
    uint32_t device;
    const char *impl;
    double best;
    const struct stored_result *cell[MAX_STEPS][MAX_STEPS];
};

/* A timed result beats one that is not, a faster one a slower one: further constants (RQ, WG) are searched through. */
static bool better(const struct stored_result *a, const struct stored_result *b)
{
    if (!b || !is_timed(b)) return !b || is_timed(a);
    return is_timed(a) && a->line.median_ns < b->line.median_ns;
}

static uint32_t fill_panels(const struct result_set *s, const struct stored_result *problem, const struct axis *x,
                            const struct axis *y, struct panel *panel)
{
    uint32_t n = 0;
    double vx, vy;
    for (uint32_t i = 0; i < s->nresult; i++) {
        const struct stored_result *r = &s->result[i];
        if (!r->line.tile || !same_problem(r, problem)) continue;
        if (!field_number(r->line.tile, x->name, &vx) || !field_number(r->line.tile, y->name, &vy)) continue;
        const int ix = index_of(x, vx), iy = index_of(y, vy);
        uint32_t k = 0;
        while (k < n && (panel[k].device != r->device || strcmp(panel[k].impl, r->line.impl) != 0)) k++;
        if (ix < 0 || iy < 0 || k == MAX_PANELS) continue;
        if (k == n) panel[n++] = (struct panel){ .device = r->device, .impl = r->line.impl, .best = HUGE_VAL };
        if (better(r, panel[k].cell[iy][ix])) panel[k].cell[iy][ix] = r;
        if (is_timed(r)) panel[k].best = fmin(panel[k].best, r->line.median_ns);
    }
    return n;
}

static void put_cells(struct plot *p, const struct result_set *s, const struct axis *x, const struct axis *y,
                      const struct panel *panel, uint32_t at)
{
    for (uint32_t iy = 0; iy < y->n; iy++)
        for (uint32_t ix = 0; ix < x->n; ix++) {
            const struct stored_result *r = panel->cell[iy][ix];
            if (!r) continue;
            const bool timed = is_timed(r);
            fprintf(p->data, "%u,", at + 1);
            put_escaped(p->data, ESC_CSV, s->device[panel->device].label);
            fputc(',', p->data);
            put_escaped(p->data, ESC_CSV, panel->impl);
            fprintf(p->data, ",%.9g,%.9g,%u,%u,%s,", x->value[ix], y->value[iy], ix, iy, r->line.status);
            put_escaped(p->data, ESC_CSV, r->line.tile);
            if (timed)
                fprintf(p->data, ",%.9g,%.6g,%d,", r->line.median_ns, r->line.median_ns / panel->best,
                        r->line.median_ns == panel->best);
            else fputs(",,,0,", p->data);
            put_escaped(p->data, ESC_CSV, r->line.reason);
            fputc('\n', p->data);
            p->points++;
        }
}

static void put_axis(struct plot *p, const char *name, const struct axis *a)
{
    char text[MAX_STEPS][24], variable[32];
    const char *word[MAX_STEPS];
    for (uint32_t i = 0; i < a->n; i++) {
        snprintf(text[i], sizeof(text[i]), "%.9g", a->value[i]);
        word[i] = text[i];
    }
    snprintf(variable, sizeof(variable), "%s_name", name);
    plot_var(p, variable, a->name);
    snprintf(variable, sizeof(variable), "%s_value", name);
    plot_tics(p, variable, word, a->n);
    snprintf(variable, sizeof(variable), "%s_count", name);
    plot_number(p, variable, a->n);
}

static int build(const struct plot_request *q, struct plot *p, char *err, size_t errlen)
{
    const struct result_set *s = q->set;
    const struct stored_result *problem = q->focus;
    struct panel *panel = calloc(MAX_PANELS, sizeof(*panel));
    struct axis x = { 0 }, y = { 0 };
    struct varying v = { .n = 0 };
    char title[MAX_PANELS][200], common[400];
    const char *word[MAX_PANELS];
    uint32_t n = 0;
    (void)err; (void)errlen;
    if (!panel) return MXB_ENOMEM;
    if (!problem) plot_tile_problems(s, &problem, 1);
    snprintf(p->title, sizeof(p->title), "Time over tiles");
    snprintf(p->subtitle, sizeof(p->subtitle), "no problem was run with several values of two tile constants");
    fputs("panel,device,impl,x,y,x_index,y_index,status,tile,median_ns,times_best,best,reason\n", p->data);
    if (problem && find_axes(s, problem, &x, &y)) {
        n = fill_panels(s, problem, &x, &y, panel);
        common_label(problem, &v, common, sizeof(common));
        snprintf(p->title, sizeof(p->title), "Time of %s over tiles", problem->line.entry);
        snprintf(p->subtitle, sizeof(p->subtitle), "%s", common);
    }
    for (uint32_t k = 0; k < n; k++) {
        snprintf(title[k], sizeof(title[k]), "%.120s, %.60s", s->device[panel[k].device].label, panel[k].impl);
        word[k] = title[k];
        put_cells(p, s, &x, &y, &panel[k], k);
    }
    plot_words(p, "panel_title", word, n);
    plot_number(p, "panels", n);
    put_axis(p, "x", &x);
    put_axis(p, "y", &y);
    const int columns = n < 3 ? (int)n : 3, lines = n ? ((int)n + 2) / 3 : 1;
    plot_number(p, "columns", columns ? columns : 1);
    plot_number(p, "lines", lines);
    p->width = 60 + (columns ? columns : 1) * (90 + 62 * (int)(x.n ? x.n : 4));
    if (p->width < 640) p->width = 640;
    p->height = 110 + lines * (100 + 40 * (int)(y.n ? y.n : 4));
    free(panel);
    return 0;
}

const struct plot_kind plot_tiles = { "tiles", "heat map of time over two tile constants, one panel per device",
                                      build };
