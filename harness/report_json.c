/* --format json: one object a line per case, and a last one with "summary". */
#include <stdio.h>
#include <stdlib.h>
#include "harness/json.h"
#include "harness/report.h"
#include "harness/roofline.h"

static void begin(FILE *f, const struct case_list *l, const struct device_list *d, bool colour, int width, void **state)
{
    (void)f; (void)l; (void)d; (void)colour; (void)width;
    *state = (void *)1;              /* nothing to keep */
}

static const char *text_or_null(const char *s) { return s && *s ? s : NULL; }

static void row(FILE *f, void *state, const struct result_row *r, const char *label, const struct bench_case *c)
{
    struct json j = { .file = f };
    const bool timed = r->status == ST_PASS && r->nround > 0, compared = r->compared > 0;
    uint32_t n = 0, noise = 0;
    double kernel_ns = 0;
    char id[17];
    (void)state; (void)c;
    for (uint32_t i = 0; i < r->nround; i++) {
        n += r->round[i].n;
        noise |= r->round[i].noise;
        kernel_ns += r->round[i].kernel_ns;
    }
    snprintf(id, sizeof(id), "%010llx", (unsigned long long)(r->case_id >> 24));
    json_object(&j, NULL);
    json_uint(&j, "format", REPORT_JSON_FORMAT);
    json_string(&j, "id", id);
    json_string(&j, "suite", r->suite);
    json_string(&j, "op", r->op);
    json_string(&j, "entry", r->entry);
    json_string(&j, "dtype", r->dtype);
    json_string(&j, "backend", r->backend);
    json_string(&j, "device", r->caps ? r->caps->name : NULL);
    json_string(&j, "device_label", r->caps ? label : NULL);
    json_string(&j, "driver", r->caps ? r->caps->driver_version : NULL);
    json_string(&j, "impl", text_or_null(r->impl));
    json_string(&j, "tile", text_or_null(r->tile));
    json_string(&j, "cache", r->cache == CACHE_COLD ? "cold" : "warm");
    json_raw(&j, "params", r->params_json);
    json_uint(&j, "seed", r->seed);
    json_string(&j, "status", status_name(r->status));
    json_string(&j, "reason", text_or_null(r->reason));
    if (compared) {
        json_double(&j, "err_rms", r->err_rms);
        json_double(&j, "err_max", r->err_max);
    } else {
        json_null(&j, "err_rms");
        json_null(&j, "err_max");
    }
    json_uint(&j, "compared", r->compared);
    static const char *const figure[] = { "median_ns", "ci_lo_ns", "ci_hi_ns", "gbps", "gflops" };
    const double value[] = { r->median_ns, r->ci_lo_ns, r->ci_hi_ns, r->gbps, r->gflops };
    for (size_t i = 0; i < MXB_COUNT(figure); i++) {
        if (timed) json_double(&j, figure[i], value[i]);
        else json_null(&j, figure[i]);
    }
    if (timed && r->limit_ns > 0) {
        json_double(&j, "limit_ns", r->limit_ns);
        json_string(&j, "limit_by", r->limit_by);
        json_double(&j, "limit_pct", 100 * r->limit_ns / r->median_ns);
        json_bool(&j, "impossible", r->limit_ns > ROOFLINE_IMPOSSIBLE * r->median_ns);
    } else {
        json_null(&j, "limit_ns");
        json_null(&j, "limit_by");
        json_null(&j, "limit_pct");
        json_null(&j, "impossible");
    }
    json_uint(&j, "n", n);
    json_uint(&j, "rounds", r->nround);
    json_uint(&j, "noise", noise);
    json_string(&j, "clock", r->nround ? (r->round[0].clock == 'd' ? "device" : "host") : NULL);
    json_double(&j, "bytes", r->bytes);
    json_double(&j, "flops", r->flops);
    json_double(&j, "compile_ns", r->compile_ns);
    json_double(&j, "setup_ns", r->setup_ns);
    json_double(&j, "first_ns", r->first_ns);
    json_double(&j, "oracle_ns", r->oracle_ns);
    json_double(&j, "case_ns", r->case_ns);
    json_double(&j, "kernel_ns", kernel_ns);
    json_string(&j, "repro", r->repro);
    json_end(&j);
    json_finish(&j, NULL);
    fputc('\n', f);
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

const struct reporter report_json = { "json", begin, row, end };
