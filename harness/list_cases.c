/* `mlxbench list cases SUITE...`: what suites expand to, one case a line, as text or as JSON for other programs. */
#include <stdio.h>
#include "harness/json.h"
#include "harness/ops.h"
#include "harness/problem.h"
#include "harness/show.h"

static void put_consts(struct json *j, const struct mxb_entry *entry)
{
    const char *at = entry->consts;
    char name[SCOPE_NAME];
    json_object(j, "consts");
    for (int64_t value; entry_const_next(&at, name, &value) == 1; ) json_int(j, name, value);
    json_end(j);
}

static const char *role_of(const struct mxb_problem *pr, uint32_t t)
{
    return !problem_writes(pr, t) ? "in" : problem_reads(pr, t) ? "inout" : "out";
}

/* Those that are there whatever the tile. */
static int put_tensors(struct json *j, const struct mxb_problem *pr, char *err, size_t errlen)
{
    int rc = 0;
    json_array(j, "tensors");
    for (uint32_t t = 0; t < pr->op->ntensor && rc == 0; t++) {
        uint64_t dim[PROBLEM_MAX_DIM];
        uint32_t ndim;
        if (!problem_reads(pr, t) && !problem_writes(pr, t)) continue;
        rc = problem_shape(pr, t, NULL, dim, &ndim, err, errlen);
        if (rc) break;
        json_object(j, NULL);
        json_string(j, "name", pr->op->tensor[t].name);
        json_string(j, "role", role_of(pr, t));
        json_string(j, "dtype", mxb_dtype_name(pr->dtype[t]));
        json_array(j, "shape");
        for (uint32_t i = 0; i < ndim; i++) json_uint(j, NULL, dim[i]);
        json_end(j);
        json_end(j);
    }
    json_end(j);
    return rc;
}

static int print_json(const struct case_list *l, const struct bench_case *b, const char *id, const char *text, char *err,
                      size_t errlen)
{
    const struct bench_problem *p = &l->problem[b->problem];
    const struct mxb_op *op = p->block->op;
    struct mxb_problem pr;
    char params[2048];
    int rc = problem_init(&pr, op, p->entry, p->params, p->seed, MXB_FILL_NORMAL, err, errlen);
    if (rc) return rc;
    struct json j = { .file = stdout };
    params_json(op, p->params, params, sizeof(params));
    json_object(&j, NULL);
    json_string(&j, "id", id);
    json_string(&j, "suite", p->block->suite->name);
    json_string(&j, "op", op->name);
    json_string(&j, "entry", p->entry->name);
    json_string(&j, "dtype", mxb_dtype_name(p->entry->dt[0]));
    json_string(&j, "backend", linked_backends[b->backend]->name);
    json_string(&j, "cache", b->cache == CACHE_COLD ? "cold" : "warm");
    json_raw(&j, "params", params);
    json_uint(&j, "seed", p->seed);
    put_consts(&j, p->entry);
    rc = put_tensors(&j, &pr, err, errlen);
    json_double(&j, "bytes", problem_min_bytes(&pr));
    json_double(&j, "flops", op->flops(&pr));
    json_bool(&j, "timed", p->block->bench.enabled);
    json_string(&j, "text", text);
    json_end(&j);
    json_finish(&j, NULL);
    putchar('\n');
    return rc;
}

int list_cases_run(const struct cli *c)
{
    static const char *const formats[] = { "text", "json" };
    struct case_list l;
    struct suite_opts so;
    char err[MXB_ERRLEN], text[4096], id[17];
    int format;
    cli_suite_opts(c, &so);
    if (c->arg.n < 2) return cli_error(EXIT_USAGE, "list cases: which suite?  For example: mlxbench list cases suites/smoke.yaml");
    int rc = cli_choice("format", c->format, formats, MXB_COUNT(formats), &format);
    if (rc) return rc;
    if (suites_load(c->arg.item + 1, c->arg.n - 1, &so, &l, err, sizeof(err))) return cli_error(EXIT_USAGE, "%s", err);
    for (uint32_t i = 0; i < l.nitem && rc == 0; i++) {
        case_text(&l, &l.item[i], text, sizeof(text));
        snprintf(id, sizeof(id), "%010llx", (unsigned long long)(case_hash(&l, &l.item[i]) >> 24));
        if (format == 0) printf("%s %s\n", id, text);
        else rc = print_json(&l, &l.item[i], id, text, err, sizeof(err));
    }
    suites_free(&l);
    return rc ? cli_error(EXIT_USAGE, "list cases: %s", err) : EXIT_FINE;
}
