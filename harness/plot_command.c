/* `mlxbench plot KIND [OP | ENTRY | CASE]`: one picture of stored results in a file. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "harness/case_fields.h"
#include "harness/nearest.h"
#include "harness/ops.h"
#include "harness/plot.h"
#include "harness/show.h"

struct words { const struct plot_kind *plot; enum plot_format format; char folder[4096], name[256]; };

static int unknown(const char *what, const char *word, const char *const *known, size_t n)
{
    char err[MXB_ERRLEN];
    snprintf(err, sizeof(err), "plot: unknown %s '%.40s'", what, word);
    nearest_hint(err, sizeof(err), word, known, n);
    return cli_error(EXIT_USAGE, "%s", err);
}

static int find_kind(const struct cli *c, struct words *w)
{
    const char *known[16];
    size_t n = 0;
    for (; plot_kinds[n]; n++) known[n] = plot_kinds[n]->name;
    if (c->arg.n == 0) {
        cli_error(EXIT_USAGE, "plot: which kind?");
        for (size_t i = 0; i < n; i++) fprintf(stderr, "  %-9s %s\n", plot_kinds[i]->name, plot_kinds[i]->about);
        return EXIT_USAGE;
    }
    w->plot = plot_find(c->arg.item[0]);
    return w->plot ? 0 : unknown("kind", c->arg.item[0], known, n);
}

/* --out FILE gives folder and name; the format is --format, else the file's suffix. */
static int find_output(const struct cli *c, struct words *w)
{
    static const char *const known[PLOT_FORMATS] = { "svg", "png", "pdf" };
    if (!c->out) return cli_error(EXIT_USAGE, "plot: --out FILE is missing");
    const char *slash = strrchr(c->out, '/'), *file = slash ? slash + 1 : c->out, *dot = strrchr(file, '.');
    const size_t stem = dot && dot != file ? (size_t)(dot - file) : strlen(file);
    const char *format = c->format ? c->format : dot ? dot + 1 : "svg";
    int f = 0;
    while (f < PLOT_FORMATS && strcmp(known[f], format) != 0) f++;
    if (f == PLOT_FORMATS) return unknown("format", format, known, PLOT_FORMATS);
    if (!stem || stem >= sizeof(w->name)) return cli_error(EXIT_USAGE, "plot: --out '%.200s' names no file", c->out);
    if (strpbrk(file, "'\n\\"))
        return cli_error(EXIT_USAGE, "plot: --out: quotes, backslashes and line breaks are not allowed in the name");
    w->format = (enum plot_format)f;
    snprintf(w->name, sizeof(w->name), "%.*s", (int)stem, file);
    snprintf(w->folder, sizeof(w->folder), "%.*s", slash ? (int)(slash - c->out) : 1, slash ? c->out : ".");
    if (slash == c->out) strcpy(w->folder, "/");
    if (dot && strcmp(dot + 1, known[f]) == 0) return 0;
    return cli_error(EXIT_USAGE, "plot: --out '%.200s' does not end in .%s", c->out, known[f]);
}

/* The second argument narrows the results: an op, an entry point or the beginning of a case id. */
static int find_subject(const struct cli *c, struct result_filter *f)
{
    const char *word = c->arg.n > 1 ? c->arg.item[1] : NULL, *known[512];
    size_t n = 0;
    if (c->op.n) f->op = c->op.item[0];
    if (c->entry.n) f->entry = c->entry.item[0];
    if (!word) return 0;
    if (ops_find(word)) f->op = word;
    else if (ops_find_entry(word, &(const struct mxb_op *){ NULL })) f->entry = word;
    else if (strspn(word, "0123456789abcdef") == strlen(word) && strlen(word) <= 16) f->case_hash = word;
    else {
        for (uint32_t i = 0; i < ops_count() && n < MXB_COUNT(known); i++) known[n++] = ops_get(i)->name;
        return unknown("op, entry point or case id", word, known, n);
    }
    return 0;
}

static int load(const struct cli *c, const struct words *w, struct store *st, struct result_set *set, char *err,
                size_t errlen)
{
    struct result_filter f = { .backend = c->backend.item, .nbackend = c->backend.n, .text = c->filter };
    static const char *const all[] = { "all" };
    const bool history = strcmp(w->plot->name, "history") == 0;
    int64_t *run = NULL;
    int rc = find_subject(c, &f);
    if (rc) return rc;
    if (history && !f.case_hash && !f.text)
        return cli_error(EXIT_USAGE, "plot history: give a case id (`mlxbench list cases SUITE`) or --filter");
    rc = query_runs(st, history && !c->runs.n ? all : c->runs.item, history && !c->runs.n ? 1 : c->runs.n, &run,
                    &f.nrun, err, errlen);
    f.run = run;
    if (rc == 0) rc = query_results(st, &f, set, err, errlen);
    free(run);
    if (rc) return cli_error(rc == MXB_EDB ? EXIT_DB : EXIT_USAGE, "%s", err);
    return set->nresult ? 0 : cli_error(EXIT_USAGE, "plot: no stored result fits");
}

int plot_run(const struct cli *c)
{
    struct words w = { 0 };
    struct result_set set = { 0 };
    struct store *st = NULL;
    struct plot p = { 0 };
    char err[MXB_ERRLEN];
    int rc = find_kind(c, &w);
    if (rc == 0) rc = find_output(c, &w);
    if (rc) return rc;
    rc = store_open(cli_db(c), false, &st, err, sizeof(err));
    if (rc) return cli_error(rc == MXB_EDB ? EXIT_DB : EXIT_USAGE, "%s", err);
    rc = load(c, &w, st, &set, err, sizeof(err));
    if (rc) goto out;
    assert(set.nresult);             /* or load() has refused */
    const bool per_op = strcmp(w.plot->name, "speed") == 0 || strcmp(w.plot->name, "scaling") == 0;
    const struct plot_request q = {
        .store = st, .set = &set, .op = per_op ? set.result[0].line.op : NULL, .param = c->param
    };
    rc = plot_build(w.plot, &q, &p, err, sizeof(err));
    if (rc == 0) rc = plot_draw(&p, w.format, c->template_file, w.folder, w.name, false, err, sizeof(err));
    if (rc) rc = cli_error(rc == MXB_EDB ? EXIT_DB : EXIT_USAGE, "%s", err);
    else {
        printf("%s (%u points; data in %s/%s.csv)\n", c->out, p.points, w.folder, w.name);
        if (!p.points) fprintf(stderr, "mlxbench: nothing to draw: %s\n", p.subtitle);
    }
out:
    plot_free(&p);
    result_set_free(&set);
    store_close(st);
    return rc;
}
