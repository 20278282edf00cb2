/* `mlxbench report [RUN...] --out DIR`: writes the folder of a report: index.html, results.csv, results.json,
 * plots/. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "harness/assets.h"
#include "harness/escape.h"
#include "harness/report_page.h"
#include "harness/show.h"

void put_html(FILE *f, const char *text) { put_escaped(f, ESC_XML, text); }

void put_duration(FILE *f, double ns)
{
    static const char *const unit[] = { "ns", "µs", "ms", "s" };
    int u = 0;
    if (!(ns >= 0)) {
        fputs("–", f);
        return;
    }
    for (; ns >= 999.5 && u < 3; u++) ns /= 1000;
    fprintf(f, "%.4g %s", ns, unit[u]);
}

uint32_t count_status(const struct result_set *s, const char *op, const char *status)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->nresult; i++)
        n += strcmp(s->result[i].line.status, status) == 0 && (!op || strcmp(s->result[i].line.op, op) == 0);
    return n;
}

/* ---- the folder ---- */

static int make_folders(const char *path, char *err, size_t errlen)
{
    char part[4200];
    snprintf(part, sizeof(part), "%s/plots/", path);
    for (char *p = part + 1; (p = strchr(p, '/')); *p++ = '/') {
        *p = 0;
        if (mkdir(part, 0777) == 0 || errno == EEXIST) continue;
        snprintf(err, errlen, "cannot make the folder '%.300s': %s", part, strerror(errno));
        return MXB_EINVAL;
    }
    return 0;
}

static FILE *open_in(const char *folder, const char *name, char *err, size_t errlen)
{
    char path[4200];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "we");
    if (!f) snprintf(err, errlen, "cannot write '%.300s': %s", path, strerror(errno));
    return f;
}

static int close_file(FILE *f, const char *name, char *err, size_t errlen)
{
    const bool bad = ferror(f) != 0;
    if (fclose(f) == 0 && !bad) return 0;
    snprintf(err, errlen, "cannot write '%s': %s", name, strerror(errno));
    return MXB_EINVAL;
}

static int write_raw(const char *folder, const struct result_set *s, char *err, size_t errlen)
{
    FILE *f = open_in(folder, "results.csv", err, errlen);
    if (!f) return MXB_EINVAL;
    result_line_csv_head(f);
    fputc('\n', f);
    for (uint32_t i = 0; i < s->nresult; i++) {
        result_line_csv(f, &s->result[i].line);
        fputc('\n', f);
    }
    int rc = close_file(f, "results.csv", err, errlen);
    if (rc || !(f = open_in(folder, "results.json", err, errlen))) return MXB_EINVAL;
    fputs("[\n", f);
    for (uint32_t i = 0; i < s->nresult; i++) {
        if (i) fputc(',', f);
        result_line_json(f, &s->result[i].line);
    }
    fputs("]\n", f);
    return close_file(f, "results.json", err, errlen);
}

/* ---- the page ---- */

/* A file of scripts/report/ in the page.  Neither holds "</", so nothing in them can end the element. */
static void put_asset(FILE *f, const char *element, const char *name, const char *suffix)
{
    char *text = NULL;
    if (asset_load("scripts/report/", name, suffix, &text)) return;
    fprintf(f, "<%s>\n%s</%s>\n", element, text, element);
    free(text);
}

static void put_head(const struct page *p)
{
    const struct stored_run *u = &p->set->run[p->set->nrun - 1];
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>mlxbench "
          "report, ",
          p->f);
    put_html(p->f, u->started);
    fputs("</title>\n", p->f);
    put_asset(p->f, "style", "page", ".css");
    fputs("</head>\n<body>\n<header>\n<h1>mlxbench report</h1>\n<button id=\"theme\" class=\"script\" "
          "type=\"button\">Dark</button>\n",
          p->f);
    fputs("<nav><a href=\"#summary\">Summary</a> <a href=\"#machines\">Machines</a> <a href=\"#pictures\">Pictures</a>"
          " <a href=\"#results\">Results</a> <a href=\"results.csv\">CSV</a> <a "
          "href=\"results.json\">JSON</a></nav>\n</header>\n<main>\n",
          p->f);
}

/* One section per op; a page of thousands of rows opens with the sections closed, because laying them out takes
 * seconds. */
static void put_ops(struct page *p)
{
    enum { OPEN_ROWS = 1500 };
    const struct result_set *s = p->set;
    fputs("<section id=\"results\">\n<h2>Results</h2>\n<form id=\"filter\" class=\"script\">\n"
          "<label>Show rows with <input id=\"words\" type=\"search\" placeholder=\"bf16 vulkan BQ=32\"></label>\n"
          "<label>status <select id=\"status\"><option value=\"\">any</option><option>PASS</option><option "
          "value=\"!\">not PASS</option>"
          "<option>FAIL</option><option>SKIP</option></select></label>\n<output id=\"shown\"></output>\n</form>\n",
          p->f);
    for (uint32_t i = 0; i < s->nresult; i++) {
        const char *op = s->result[i].line.op;
        bool seen = false;
        for (uint32_t k = 0; k < i && !seen; k++) seen = strcmp(s->result[k].line.op, op) == 0;
        if (seen) continue;
        uint32_t rows = 0;
        for (uint32_t k = i; k < s->nresult; k++) rows += strcmp(s->result[k].line.op, op) == 0;
        const uint32_t pass = count_status(s, op, "PASS"), skip = count_status(s, op, "SKIP");
        fputs("<details class=\"op\" id=\"op-", p->f);
        put_html(p->f, op);
        fprintf(p->f, "\"%s>\n<summary><h3>", s->nresult <= OPEN_ROWS ? " open" : "");
        put_html(p->f, op);
        fprintf(p->f,
                "</h3> <span class=\"count\">%u rows: %u pass, %u skip, <b class=\"%s\">%u not "
                "passed</b></span></summary>\n",
                rows, pass, skip, rows > pass + skip ? "bad" : "good", rows - pass - skip);
        page_op_plots(p, op);
        page_table(p, op);
        fputs("</details>\n", p->f);
    }
    fputs("</section>\n", p->f);
}

static int write_page(struct page *p, char *err, size_t errlen)
{
    if (!(p->f = open_in(p->folder, "index.html", err, errlen))) return MXB_EINVAL;
    put_head(p);
    page_summary(p);
    const int rc = page_headlines(p, err, errlen);
    page_machines(p);
    page_overview_plots(p);
    put_ops(p);
    if (p->left_out)
        fprintf(p->f, "<p>%u further pictures are left out; <code>mlxbench plot</code> draws them.</p>\n", p->left_out);
    if (*p->problem) {
        fputs("<p class=\"bad\">Pictures are missing: ", p->f);
        put_html(p->f, p->problem);
        fputs("</p>\n", p->f);
    }
    fputs("</main>\n", p->f);
    put_asset(p->f, "script", "page", ".js");
    fputs("</body>\n</html>\n", p->f);
    const int closed = close_file(p->f, "index.html", rc ? NULL : err, rc ? 0 : errlen);
    return rc ? rc : closed;
}

static int load(const struct cli *c, struct store *st, struct result_set *set, char *err, size_t errlen)
{
    struct result_filter f = { .op = c->op.n ? c->op.item[0] : NULL, .entry = c->entry.n ? c->entry.item[0] : NULL,
                               .backend = c->backend.item, .nbackend = c->backend.n, .text = c->filter };
    int64_t *run = NULL;
    int rc = query_runs(st, c->arg.item, c->arg.n, &run, &f.nrun, err, errlen);
    f.run = run;
    if (rc == 0) rc = query_results(st, &f, set, err, errlen);
    free(run);
    if (rc == 0 && !set->nresult) {
        snprintf(err, errlen, "report: no stored result fits");
        rc = MXB_ENOENT;
    }
    return rc;
}

int report_run(const struct cli *c)
{
    struct store *st = NULL;
    struct result_set set = { 0 };
    char err[MXB_ERRLEN];
    if (!c->out) return cli_error(EXIT_USAGE, "report: --out DIR is missing");
    int rc = store_open(cli_db(c), false, &st, err, sizeof(err));
    if (rc == 0) rc = load(c, st, &set, err, sizeof(err));
    if (rc == 0) rc = make_folders(c->out, err, sizeof(err));
    if (rc == 0) rc = write_raw(c->out, &set, err, sizeof(err));
    struct page p = { .store = st, .set = &set, .folder = c->out, .can_draw = plot_can_draw() };
    if (!p.can_draw)
        snprintf(p.problem, sizeof(p.problem), "gnuplot is not installed (on Debian: apt-get install gnuplot-nox)");
    if (rc == 0) rc = write_page(&p, err, sizeof(err));
    if (rc) rc = cli_error(rc == MXB_EDB ? EXIT_DB : EXIT_USAGE, "%s", err);
    else {
        printf("%s/index.html: %u results of %u run%s, %u pictures\n", c->out, set.nresult, set.nrun,
               set.nrun > 1 ? "s" : "", p.pictures);
        if (*p.problem) fprintf(stderr, "mlxbench: report: pictures are missing: %s\n", p.problem);
    }
    result_set_free(&set);
    store_close(st);
    return rc;
}
