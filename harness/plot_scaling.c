/* Scaling over a swept parameter: the fastest time of each device per value, with the exponent of the fitted power
 * law. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/case_fields.h"
#include "harness/escape.h"
#include "harness/plot.h"

enum {
    LEAST = 3,
    MAX_LINES = 12,
    LOOKED = 16,
    TRIES = 300
}; /* values of the parameter; lines in a picture; limits of the search */

struct curve { const struct stored_result *first; uint32_t n; double slope, at; };   /* time = at * value^slope, ns */

static bool of_op(const struct stored_result *r, const char *op) { return is_timed(r) && strcmp(r->line.op, op) == 0; }

/* Cases that differ from r in the parameter alone, and have its device, at the same value are the same point. */
static bool same_curve(const struct stored_result *a, const struct stored_result *b, const char *param)
{
    return a->device == b->device && a->run == b->run && same_problem_but(a, b, param);
}

/* How many different values of the parameter r's curve has. */
static uint32_t curve_values(const struct result_set *s, const struct stored_result *r, const char *param)
{
    double seen[64], v;
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->nresult && n < MXB_COUNT(seen); i++) {
        const struct stored_result *x = &s->result[i];
        if (!of_op(x, r->line.op) || !same_curve(x, r, param) || !field_number(x->case_text, param, &v) || v <= 0)
            continue;
        uint32_t k = 0;
        while (k < n && seen[k] != v) k++;
        if (k == n) seen[n++] = v;
    }
    return n;
}

const char *plot_swept_param(const struct result_set *s, const char *op, char name[48])
{
    uint32_t best = LEAST - 1;
    const struct stored_result **list = malloc((s->nresult + 1) * sizeof(*list));
    struct varying v;
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->nresult && list; i++)
        if (of_op(&s->result[i], op)) list[n++] = &s->result[i];
    if (list) find_varying(list, n, &v);
    for (uint32_t p = 0; list && p < v.n; p++)
        for (uint32_t i = 0; i < n; i += 1 + n / LOOKED) {           /* a sample of the cases will do */
            const uint32_t values = curve_values(s, list[i], v.name[p]);
            if (values > best) {
                best = values;
                snprintf(name, 48, "%s", v.name[p]);
            }
        }
    free(list);
    return best >= LEAST ? name : NULL;
}

static void fit(const struct result_set *s, struct curve *c, const char *param)
{
    double v, n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (uint32_t i = 0; i < s->nresult; i++) {
        const struct stored_result *r = &s->result[i];
        if (!of_op(r, c->first->line.op) || !same_curve(r, c->first, param) || !field_number(r->case_text, param, &v) ||
            v <= 0)
            continue;
        const double x = log(v), y = log(r->line.median_ns);
        n++;
        sx += x;
        sy += y;
        sxx += x * x;
        sxy += x * y;
    }
    const double d = n * sxx - sx * sx;
    c->slope = d > 0 ? (n * sxy - sx * sy) / d : 0;
    c->at = exp((sy - c->slope * sx) / n);
}

static void put_curve(struct plot *p, const struct result_set *s, const struct curve *c, uint32_t at, const char *param,
                      const char *label)
{
    double v;
    for (uint32_t i = 0; i < s->nresult; i++) {
        const struct stored_result *r = &s->result[i];
        if (!of_op(r, c->first->line.op) || !same_curve(r, c->first, param) || !field_number(r->case_text, param, &v) ||
            v <= 0)
            continue;
        fprintf(p->data, "%u,", at + 1);
        put_escaped(p->data, ESC_CSV, label);
        fprintf(p->data, ",%.9g,%.9g,%.9g,%.9g,%.4g,%.9g,", v, r->line.median_ns, r->line.ci_lo_ns, r->line.ci_hi_ns,
                c->slope, c->at * pow(v, c->slope));
        put_escaped(p->data, ESC_CSV, r->line.impl);
        fputc(',', p->data);
        put_escaped(p->data, ESC_CSV, r->line.tile);
        fputc('\n', p->data);
        p->points++;
    }
}

static uint32_t find_curves(const struct result_set *s, const char *op, const char *param, struct curve *curve)
{
    uint32_t n = 0;
    for (uint32_t i = 0, tries = 0; i < s->nresult && n < MAX_LINES && tries < TRIES; i++) {
        const struct stored_result *r = &s->result[i];
        bool known = !of_op(r, op);
        for (uint32_t k = 0; k < n && !known; k++) known = same_curve(curve[k].first, r, param);
        if (known || (tries++, curve_values(s, r, param)) < LEAST) continue;
        curve[n].first = r;
        fit(s, &curve[n], param);
        n++;
    }
    return n;
}

static int build(const struct plot_request *q, struct plot *p, char *err, size_t errlen)
{
    struct curve curve[MAX_LINES];
    char name[48], label[MAX_LINES][400];
    const char *param = q->param ? q->param : plot_swept_param(q->set, q->op, name), *word[MAX_LINES],
               *colour[MAX_LINES];
    const uint32_t n = param ? find_curves(q->set, q->op, param, curve) : 0;
    const struct stored_result *first[MAX_LINES];
    struct varying v;
    bool entries = false;
    (void)err; (void)errlen;
    for (uint32_t k = 0; k < n; k++) {
        first[k] = curve[k].first;
        entries |= strcmp(first[k]->line.entry, first[0]->line.entry) != 0;
    }
    find_varying(first, n, &v);
    for (uint32_t i = 0; param && i < v.n; i++)      /* the swept one is the axis */
        if (strcmp(v.name[i], param) == 0) memmove(v.name[i], v.name[i + 1], sizeof(v.name[0]) * (--v.n - i));
    snprintf(p->title, sizeof(p->title), "Time of %s over %s", q->op, param ? param : "a parameter");
    snprintf(p->subtitle, sizeof(p->subtitle), n ? "fastest impl and tile; dashed: the fitted power law" :
             "no parameter has three values or more with all others equal");
    fputs("series_index,series,value,median_ns,ci_lo_ns,ci_hi_ns,exponent,fitted_ns,impl,tile\n", p->data);
    for (uint32_t k = 0; k < n; k++) {
        char problem[200];
        problem_label(first[k], &v, entries, problem, sizeof(problem));
        snprintf(label[k], sizeof(label[k]), "%.100s%s%.180s: exponent %.2f", q->set->device[first[k]->device].label,
                 *problem ? " " : "", problem, curve[k].slope);
        word[k] = label[k];
        colour[k] = plot_colour(q->set, first[k]->device);
        put_curve(p, q->set, &curve[k], k, param, label[k]);
    }
    plot_words(p, "series", word, n);
    plot_words(p, "colour", colour, n);
    plot_number(p, "nseries", n);
    plot_var(p, "param", param ? param : "");
    p->height = 420 + 18 * (int)n;
    return 0;
}

const struct plot_kind plot_scaling = { "scaling", "time over a swept parameter, with the fitted exponent", build };
