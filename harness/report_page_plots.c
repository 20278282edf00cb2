/* The report's pictures: which there are, and SVG as part of the page, following its colours. */
#include <stdlib.h>
#include <string.h>
#include "harness/assets.h"
#include "harness/case_fields.h"
#include "harness/interrupt.h"
#include "harness/report_page.h"

enum { MAX_PICTURES = 40, MAX_TILES = 4, MAX_HISTORIES = 8, HISTORY_RUNS = 3 }; /* gnuplot takes some 50 ms for one */

/* ids and references get the picture's name, so that pictures on one page do not share them. */
static void put_svg(FILE *f, const char *svg, const char *name)
{
    static const char *const mark[] = { " id='", " id=\"", "href='#", "href=\"#", "url(#" };
    const char *s = strstr(svg, "<svg");
    while (s && *s) {
        bool found = false;
        for (size_t i = 0; i < MXB_COUNT(mark) && !found; i++) {
            const size_t n = strlen(mark[i]);
            if (strncmp(s, mark[i], n) != 0) continue;
            fprintf(f, "%s%s-", mark[i], name);
            s += n;
            found = true;
        }
        if (!found) fputc(*s++, f);
    }
}

static void put_picture(struct page *p, const struct plot *plot, const char *name)
{
    char path[4300], folder[4200], err[MXB_ERRLEN], *svg = NULL;
    snprintf(folder, sizeof(folder), "%s/plots", p->folder);
    snprintf(path, sizeof(path), "%s/%s.svg", folder, name);
    const int rc = plot_draw(plot, PLOT_SVG, NULL, folder, name, true, err, sizeof(err));
    if (rc == 0 && read_text_file(path, &svg, err, sizeof(err)) == 0) {
        fputs("<figure>\n<div class=\"plot\" role=\"img\" aria-label=\"", p->f);
        put_html(p->f, plot->title);
        fputs("\">\n", p->f);
        put_svg(p->f, svg, name);
        fprintf(p->f, "</div>\n<figcaption><a href=\"plots/%s.csv\">data (CSV)</a> <a href=\"plots/%s.svg\">SVG</a>"
                " <a href=\"plots/%s.gp\">gnuplot script</a></figcaption>\n</figure>\n", name, name, name);
        p->pictures++;
    } else {
        if (!*p->problem) snprintf(p->problem, sizeof(p->problem), "%s", err);
        fputs("<p>", p->f);
        put_html(p->f, plot->title);
        fprintf(p->f, ": no picture; <a href=\"plots/%s.csv\">data (CSV)</a></p>\n", name);
    }
    free(svg);
}

/* A picture without points is left out, unless `always`. */
static void picture(struct page *p, const char *kind, const struct plot_request *q, const char *name, bool always)
{
    struct plot plot;
    char err[MXB_ERRLEN], safe[120];
    if (p->pictures >= MAX_PICTURES || run_interrupted) {
        p->left_out++;
        return;
    }
    snprintf(safe, sizeof(safe), "%s", name);
    for (char *c = safe; *c; c++)                    /* it becomes a file, an id and a gnuplot string */
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", *c)) *c = '_';
    if (plot_build(plot_find(kind), q, &plot, err, sizeof(err))) {
        if (!*p->problem) snprintf(p->problem, sizeof(p->problem), "%s", err);
        return;
    }
    if (plot.points || always) put_picture(p, &plot, safe);
    plot_free(&plot);
}

/* Cases that several runs have timed, each over all runs. */
static void put_histories(struct page *p)
{
    char hash[MAX_HISTORIES][17], err[MXB_ERRLEN], name[40];
    const int64_t run = p->set->run[p->set->nrun - 1].id;
    const int n = query_well_known(p->store, run, HISTORY_RUNS, hash, MAX_HISTORIES, err, sizeof(err));
    for (int i = 0; i < n; i++) {
        struct result_set set = { 0 };
        const struct result_filter f = { .case_hash = hash[i] };
        if (query_results(p->store, &f, &set, err, sizeof(err))) continue;
        const struct plot_request q = { .store = p->store, .set = &set };
        snprintf(name, sizeof(name), "history-%.10s", hash[i]);
        picture(p, "history", &q, name, false);
        result_set_free(&set);
    }
}

void page_overview_plots(struct page *p)
{
    struct plot_request q = { .store = p->store, .set = p->set };
    fputs("<section id=\"pictures\">\n<h2>Pictures</h2>\n", p->f);
    picture(p, "errors", &q, "errors", false);
    picture(p, "roofline", &q, "roofline", true);
    if (p->set->nrun > 1) picture(p, "samples", &q, "samples", false);
    put_histories(p);
    fputs("</section>\n", p->f);
}

void page_op_plots(struct page *p, const char *op)
{
    struct plot_request q = { .store = p->store, .set = p->set, .op = op };
    const struct stored_result *problem[64];
    char name[120];
    snprintf(name, sizeof(name), "speed-%s", op);
    picture(p, "speed", &q, name, false);
    snprintf(name, sizeof(name), "scaling-%s", op);
    picture(p, "scaling", &q, name, false);
    uint32_t n = plot_tile_problems(p->set, problem, MXB_COUNT(problem)), shown = 0;
    if (n > MXB_COUNT(problem)) n = MXB_COUNT(problem);
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(problem[i]->line.op, op) != 0) continue;
        if (shown++ == MAX_TILES) {
            p->left_out++;
            shown--;
            continue;
        }
        q.focus = problem[i];
        snprintf(name, sizeof(name), "tiles-%s", problem[i]->line.id);
        picture(p, "tiles", &q, name, false);
    }
}
