/* --format json: one object a line per case and per headline, and a last one with "summary"; --format csv: the same
 * fields as a table, in which those of headlines have columns of their own if there are pairs. */
#include <stdio.h>
#include <stdlib.h>
#include "harness/json.h"
#include "harness/report.h"
#include "harness/result_line.h"

static void begin(FILE *f, const struct case_list *l, const struct device_list *d, const struct report_style *style,
                  void **state)
{
    (void)f; (void)l; (void)d; (void)style;
    *state = (void *)1;              /* nothing to keep */
}

static void row(FILE *f, void *state, const struct result_row *r, const char *label, const struct bench_case *c)
{
    struct result_line line;
    char id[17];
    (void)state; (void)c;
    result_line_of(r, label, id, &line);
    result_line_json(f, &line);
    fflush(f);
}

static void headline(FILE *f, void *state, const struct headline *h)
{
    (void)state;
    headline_json(f, h);
    fflush(f);
}

static void end(FILE *f, void *state, const struct run_summary *s)
{
    struct json j = { .file = f };
    (void)state;
    json_object(&j, NULL);
    json_uint(&j, "format", REPORT_JSON_FORMAT);
    json_object(&j, "summary");
    for (int i = 0; i < ST_COUNT; i++) json_uint(&j, status_name((enum mxb_status)i), s->count[i]);
    json_double(&j, "wall_s", s->wall_s);
    json_uint(&j, "problems", s->problems);
    json_uint(&j, "oracles", s->oracles);
    json_uint(&j, "pipelines_compiled", s->compiles);
    json_uint(&j, "pipelines_reused", s->hits);
    json_double(&j, "compile_s", s->compile_s);
    json_uint(&j, "resumed", s->resumed);
    json_bool(&j, "interrupted", s->interrupted);
    json_uint(&j, "not_run", s->not_run);
    json_string(&j, "db", s->db_path);
    json_string(&j, "run", s->run_uuid && *s->run_uuid ? s->run_uuid : NULL);
    json_end(&j);
    json_end(&j);
    json_finish(&j, NULL);
    fputc('\n', f);
}

struct csv { bool pairs; };

static void csv_begin(FILE *f, const struct case_list *l, const struct device_list *d, const struct report_style *style,
                      void **state)
{
    struct csv *c = calloc(1, sizeof(*c));
    (void)d; (void)style;
    *state = c;
    if (!c) return;
    for (uint32_t i = 0; i < l->nproblem; i++) c->pairs |= l->problem[i].block->pair != NULL;
    result_line_csv_head(f);
    if (c->pairs) fputc(',', f);
    if (c->pairs) headline_csv_head(f);
    fputc('\n', f);
}

static void csv_row(FILE *f, void *state, const struct result_row *r, const char *label, const struct bench_case *item)
{
    const struct csv *c = state;
    struct result_line line;
    char id[17];
    (void)item;
    result_line_of(r, label, id, &line);
    result_line_csv(f, &line);
    if (c->pairs) fputc(',', f);
    if (c->pairs) headline_csv(f, NULL);
    fputc('\n', f);
    fflush(f);
}

static void csv_headline(FILE *f, void *state, const struct headline *h)
{
    (void)state;
    result_line_csv(f, NULL);
    fputc(',', f);
    headline_csv(f, h);
    fputc('\n', f);
    fflush(f);
}

static void csv_end(FILE *f, void *state, const struct run_summary *s)
{
    (void)f; (void)s;                /* the table has no place for a summary */
    free(state);
}

const struct reporter report_json = { "json", begin, row, headline, end };
const struct reporter report_csv = { "csv", csv_begin, csv_row, csv_headline, csv_end };
