/* Roofline: arithmetic rate over arithmetic intensity, one point per case, under the device's measured ceilings. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/case_fields.h"
#include "harness/escape.h"
#include "harness/plot.h"

/* Points of thousands of cases lie on one another: a grid of 1/20 decade, per device, tells which are drawn already. */
enum { DECADES = 16, PER_DECADE = 20, CELLS = DECADES * PER_DECADE, FEW = 1000 };

static bool is_new(bool *grid, uint32_t device, double x, double y)
{
    const double ix = (log10(x) + 0.5 * DECADES) * PER_DECADE, iy = (log10(y) + 0.5 * DECADES) * PER_DECADE;
    if (!(ix >= 0 && ix < CELLS && iy >= 0 && iy < CELLS)) return true;
    bool *cell = &grid[((size_t)device * CELLS + (size_t)iy) * CELLS + (size_t)ix];
    const bool fresh = !*cell;
    *cell = true;
    return fresh;
}

static int build(const struct plot_request *q, struct plot *p, char *err, size_t errlen)
{
    const struct result_set *s = q->set;
    bool *grid = s->nresult > FEW ? calloc((size_t)(s->ndevice + 1) * CELLS, CELLS * sizeof(*grid)) : NULL;
    uint32_t measured = 0, left_out = 0, hidden = 0;
    double least = HUGE_VAL, most = 0;
    (void)err; (void)errlen;
    fputs("series_index,series,entry,case,impl,tile,flop_per_byte,gflops,gflops_lo,gflops_hi\n", p->data);
    for (uint32_t i = 0; i < s->nresult; i++) {
        const struct stored_result *r = &s->result[i];
        const struct result_line *l = &r->line;
        if (!is_timed(r) || (q->op && strcmp(l->op, q->op) != 0)) continue;
        if (!(l->flops > 0) || !(l->bytes > 0)) {
            left_out++;
            continue;
        }
        if (grid && !is_new(grid, r->device, l->flops / l->bytes, l->gflops)) {
            hidden++;
            continue;
        }
        fprintf(p->data, "%u,", r->device + 1);
        put_escaped(p->data, ESC_CSV, s->device[r->device].label);
        const char *const text[] = { l->entry, r->case_text, l->impl, l->tile };
        for (size_t k = 0; k < MXB_COUNT(text); k++) {
            fputc(',', p->data);
            put_escaped(p->data, ESC_CSV, text[k]);
        }
        fprintf(p->data, ",%.6g,%.6g,%.6g,%.6g\n", l->flops / l->bytes, l->gflops, l->flops / l->ci_hi_ns,
                l->flops / l->ci_lo_ns);
        least = fmin(least, l->flops / l->bytes);
        most = fmax(most, l->flops / l->bytes);
        p->used |= 1ull << r->device % 64;
        p->points++;
    }
    plot_devices(p, s);
    static const char *const peak[] = { "memory_gbps", "cache_gbps", "f32_gflops", "f16_gflops" };
    for (size_t i = 0; i < MXB_COUNT(peak); i++)
        fprintf(p->vars, "array %s[%u]\n", peak[i], s->ndevice ? s->ndevice : 1);
    for (uint32_t d = 0; d < s->ndevice; d++) {
        const struct stored_device *v = &s->device[d];
        const double rate[] = { v->memory_gbps, v->cache_gbps, v->f32_gflops, v->f16_gflops };
        measured += v->f32_gflops > 0;
        for (size_t i = 0; i < MXB_COUNT(peak); i++)
            fprintf(p->vars, "%s[%u] = %.6g\n", peak[i], d + 1, rate[i] > 0 ? rate[i] : 0.);
    }
    plot_number(p, "xmin", p->points ? least / 2 : 0.1);
    plot_number(p, "xmax", p->points ? most * 2 : 10);
    snprintf(p->title, sizeof(p->title), "Roofline%s%s", q->op ? " of " : "", q->op ? q->op : "");
    if (!p->points) snprintf(p->subtitle, sizeof(p->subtitle), "no timed case does arithmetic");
    else if (!measured)
        snprintf(p->subtitle, sizeof(p->subtitle), "no ceilings are measured yet: `mlxbench roofline` measures them");
    else
        snprintf(
            p->subtitle, sizeof(p->subtitle),
            "lines: measured memory bandwidth and f32 peak of each device; dashed: bandwidth of the caches, f16 peak");
    if (p->points && left_out) {
        const size_t n = strlen(p->subtitle);
        snprintf(p->subtitle + n, sizeof(p->subtitle) - n, "; %u cases without arithmetic are left out", left_out);
    }
    if (hidden) {
        const size_t n = strlen(p->subtitle);
        snprintf(p->subtitle + n, sizeof(p->subtitle) - n, "; %u points that would lie on others are not drawn",
                 hidden);
    }
    free(grid);
    p->height = 520;
    return 0;
}

const struct plot_kind plot_roofline = { "roofline", "arithmetic rate over intensity under the measured ceilings",
                                         build };
