/* `mlxbench list --coverage`: every entry point of the catalogue and every op's own, with the status of its latest
 * stored results on each backend, as a Markdown table without dates or times. */
#include <stdlib.h>
#include <string.h>
#include "harness/escape.h"
#include "harness/ops.h"
#include "harness/show.h"
#include "harness/store_query.h"

struct tally { uint32_t exist, pass[MAX_BACKENDS]; };

/* How bad a status is: the worst of an entry's cases is shown. */
static int rank(const char *status)
{
    static const char *const order[] = { "SKIP", "PASS",  "MISTRUSTED", "UNIMPLEMENTED",
                                         "FAIL", "ERROR", "TIMEOUT",    "CRASHED" };
    for (size_t i = 0; i < MXB_COUNT(order); i++)
        if (strcmp(order[i], status) == 0) return (int)i;
    return (int)MXB_COUNT(order);
}

/* Worst status of the entry on the backend, NULL = never run. */
static const char *status_of(const struct result_set *s, const char *entry, const char *backend)
{
    const char *worst = NULL;
    for (uint32_t i = 0; i < s->nresult; i++) {
        const struct result_line *l = &s->result[i].line;
        if (strcmp(l->entry, entry) != 0 || strcmp(l->backend, backend) != 0) continue;
        if (!worst || rank(l->status) > rank(worst)) worst = l->status;
    }
    return worst;
}

static void put_row(FILE *f, const struct result_set *s, const char *entry, const char *op, const char *dtypes,
                    struct tally *t)
{
    fprintf(f, "| %s | ", entry);
    put_escaped(f, ESC_MARKDOWN, op ? op : "");
    fputs(" | ", f);
    put_escaped(f, ESC_MARKDOWN, dtypes);
    t->exist += op != NULL;
    for (uint32_t b = 0; b < linked_backend_count && b < MAX_BACKENDS; b++) {
        const char *st = op ? status_of(s, entry, linked_backends[b]->name) : NULL;
        fprintf(f, " | %s", !op ? "missing" : st ? st : "not run");
        t->pass[b] += st && strcmp(st, "PASS") == 0;
    }
    fputs(" |\n", f);
}

static bool in_catalogue(const char *entry)
{
    for (uint32_t i = 0; i < catalogue_count; i++)
        if (strcmp(catalogue[i].name, entry) == 0) return true;
    return false;
}

static void put_head(FILE *f, const char *about)
{
    fprintf(f, "\n## %s\n\n| entry point | op | dtypes |", about);
    for (uint32_t b = 0; b < linked_backend_count && b < MAX_BACKENDS; b++)
        fprintf(f, " %s |", linked_backends[b]->name);
    fputs("\n|---|---|---|", f);
    for (uint32_t b = 0; b < linked_backend_count && b < MAX_BACKENDS; b++) fputs("---|", f);
    fputc('\n', f);
}

static void put_tables(FILE *f, const struct result_set *s, struct tally *t, struct tally *own)
{
    put_head(f, "The catalogue");
    for (uint32_t i = 0; i < catalogue_count; i++) {
        const struct mxb_op *op = NULL;
        ops_find_entry(catalogue[i].name, &op);
        put_row(f, s, catalogue[i].name, op ? op->name : NULL, catalogue[i].dtypes, t);
    }
    put_head(f, "Further entry points");
    for (uint32_t i = 0; i < ops_count(); i++)
        for (uint32_t e = 0; e < ops_get(i)->nentry; e++) {
            const struct mxb_entry *x = &ops_get(i)->entry[e];
            if (!in_catalogue(x->name)) put_row(f, s, x->name, ops_get(i)->name, mxb_dtype_name(x->dt[0]), own);
        }
}

int coverage_run(const struct cli *c)
{
    struct store *st = NULL;
    struct result_set s = { 0 };
    struct tally t = { 0 }, own = { 0 };
    char err[MXB_ERRLEN], *text = NULL;
    size_t n = 0;
    int rc = store_open(cli_db(c), false, &st, err, sizeof(err));
    if (rc == 0) rc = query_latest(st, &s, err, sizeof(err));
    store_close(st);
    if (rc) return cli_error(rc == MXB_EDB ? EXIT_DB : EXIT_USAGE, "%s", err);
    FILE *f = open_memstream(&text, &n);
    if (f) {
        put_tables(f, &s, &t, &own);
        fclose(f);
    }
    result_set_free(&s);
    if (!text) return cli_error(EXIT_USAGE, "out of memory");
    printf("# Coverage\n\n%u of the %u entry points of the catalogue exist, and %u others. Of the %u, those passed by "
           "all cases of the latest"
           " stored run:",
           t.exist, catalogue_count, own.exist, t.exist);
    for (uint32_t b = 0; b < linked_backend_count && b < MAX_BACKENDS; b++)
        printf("%s %s %u", b ? "," : "", linked_backends[b]->name, t.pass[b]);
    printf(".\n\nA cell is the worst status of the entry point's cases. `missing`: no op has it yet; `not run`: it "
           "exists, but the suite has no\n"
           "case of it. `make coverage` writes this file from a run of `suites/smoke.yaml`.\n%s",
           text);
    free(text);
    return EXIT_FINE;
}
