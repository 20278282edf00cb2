/* One result as flat fields, as JSON and as CSV (result_line.h). */
#include "harness/result_line.h"

#include <math.h>

#include "harness/escape.h"
#include "harness/json.h"
#include "harness/report.h"
#include "harness/roofline.h"
#include "harness/suite.h"

enum field_kind { TEXT, RAW, COUNT32, COUNT64, REAL, TRUTH };
struct field { const char *name; enum field_kind kind; size_t off; };
#define F(kind, member) { #member, kind, offsetof(struct result_line, member) }
static const struct field field[] = {
    F(TEXT, id),
    F(TEXT, suite),
    F(TEXT, op),
    F(TEXT, entry),
    F(TEXT, dtype),
    F(TEXT, backend),
    F(TEXT, device),
    F(TEXT, device_label),
    F(TEXT, driver),
    F(TEXT, impl),
    F(TEXT, tile),
    F(TEXT, cache),
    { "params", RAW, offsetof(struct result_line, params_json) },
    F(COUNT64, seed),
    F(TEXT, status),
    F(TEXT, reason),
    F(REAL, err_rms),
    F(REAL, err_max),
    F(COUNT64, compared),
    F(REAL, median_ns),
    F(REAL, ci_lo_ns),
    F(REAL, ci_hi_ns),
    F(REAL, gbps),
    F(REAL, gflops),
    F(REAL, limit_ns),
    F(TEXT, limit_by),
    F(REAL, limit_pct),
    F(TRUTH, impossible),
    F(COUNT32, n),
    F(COUNT32, rounds),
    F(COUNT32, noise),
    F(TEXT, clock),
    F(REAL, bytes),
    F(REAL, flops),
    F(REAL, compile_ns),
    F(REAL, setup_ns),
    F(REAL, first_ns),
    F(REAL, oracle_ns),
    F(REAL, case_ns),
    F(REAL, kernel_ns),
    F(TEXT, repro),
    F(TEXT, run),
    F(TEXT, finished),
};

static const char *text_or_null(const char *s) { return s && *s ? s : NULL; }

void result_line_of(const struct result_row *r, const char *label, char id[17], struct result_line *l)
{
    const bool timed = r->status == ST_PASS && r->nround > 0, compared = r->compared > 0;
    const bool limited = timed && r->limit_ns > 0;
    snprintf(id, 17, "%010llx", (unsigned long long)(r->case_id >> 24));
    *l = (struct result_line){ .id = id,
                               .suite = r->suite,
                               .op = r->op,
                               .entry = r->entry,
                               .dtype = r->dtype,
                               .backend = r->backend,
                               .device = r->caps ? r->caps->name : NULL,
                               .device_label = r->caps ? label : NULL,
                               .driver = r->caps ? r->caps->driver_version : NULL,
                               .impl = text_or_null(r->impl),
                               .tile = text_or_null(r->tile),
                               .cache = r->cache == CACHE_COLD ? "cold" : "warm",
                               .params_json = r->params_json,
                               .status = status_name(r->status),
                               .reason = text_or_null(r->reason),
                               .repro = r->repro,
                               .seed = r->seed,
                               .compared = r->compared,
                               .rounds = r->nround,
                               .clock = r->nround ? (r->round[0].clock == 'd' ? "device" : "host") : NULL,
                               .err_rms = compared ? r->err_rms : NAN,
                               .err_max = compared ? r->err_max : NAN,
                               .median_ns = timed ? r->median_ns : NAN,
                               .ci_lo_ns = timed ? r->ci_lo_ns : NAN,
                               .ci_hi_ns = timed ? r->ci_hi_ns : NAN,
                               .limit_ns = limited ? r->limit_ns : NAN,
                               .limit_by = limited ? r->limit_by : NULL,
                               .limit_pct = limited ? 100 * r->limit_ns / r->median_ns : NAN,
                               .impossible = limited ? r->limit_ns > ROOFLINE_IMPOSSIBLE * r->median_ns : NAN,
                               .gbps = timed ? r->gbps : NAN,
                               .gflops = timed ? r->gflops : NAN,
                               .bytes = r->bytes,
                               .flops = r->flops,
                               .compile_ns = r->compile_ns,
                               .setup_ns = r->setup_ns,
                               .first_ns = r->first_ns,
                               .oracle_ns = r->oracle_ns,
                               .case_ns = r->case_ns };
    if (r->nround) l->turn_ns = r->round[0].turn_ns;
    if (r->nround) l->nturn = r->round[0].nturn;
    for (uint32_t i = 0; i < r->nround; i++) {
        l->n += r->round[i].n;
        l->kernel_ns += r->round[i].kernel_ns;
        l->noise |= r->round[i].noise;
    }
}

static const void *at(const struct result_line *l, const struct field *f) { return (const char *)l + f->off; }
static const char *text_at(const struct result_line *l, const struct field *f)
{
    return *(const char *const *)at(l, f);
}

void result_line_json(FILE *out, const struct result_line *l)
{
    struct json j = { .file = out };
    json_object(&j, NULL);
    json_uint(&j, "format", REPORT_JSON_FORMAT);
    for (size_t i = 0; i < MXB_COUNT(field); i++) {
        const struct field *f = &field[i];
        switch (f->kind) {
        case TEXT:    json_string(&j, f->name, text_at(l, f)); break;
        case RAW:     json_raw(&j, f->name, text_at(l, f)); break;
        case COUNT32: json_uint(&j, f->name, *(const uint32_t *)at(l, f)); break;
        case COUNT64: json_uint(&j, f->name, *(const uint64_t *)at(l, f)); break;
        case TRUTH:
            if (isnan(*(const double *)at(l, f))) json_null(&j, f->name);
            else json_bool(&j, f->name, *(const double *)at(l, f) != 0);
            break;
        case REAL:    json_double(&j, f->name, *(const double *)at(l, f)); break;
        }
    }
    if (l->nturn) {
        json_array(&j, "turn_ns");
        for (uint32_t i = 0; i < l->nturn; i++) json_double(&j, NULL, l->turn_ns[i]);
        json_end(&j);
    }
    json_end(&j);
    json_finish(&j, NULL);
    fputc('\n', out);
}

void result_line_csv_head(FILE *out)
{
    for (size_t i = 0; i < MXB_COUNT(field); i++) fprintf(out, "%s%s", i ? "," : "", field[i].name);
}

void result_line_csv(FILE *out, const struct result_line *l)
{
    for (size_t i = 0; i < MXB_COUNT(field); i++) {
        const struct field *f = &field[i];
        if (i) fputc(',', out);
        if (!l) continue;
        switch (f->kind) {
        case TEXT:
        case RAW:     put_escaped(out, ESC_CSV, text_at(l, f)); break;
        case COUNT32: fprintf(out, "%u", *(const uint32_t *)at(l, f)); break;
        case COUNT64: fprintf(out, "%llu", (unsigned long long)*(const uint64_t *)at(l, f)); break;
        case TRUTH:
            if (!isnan(*(const double *)at(l, f))) fputs(*(const double *)at(l, f) != 0 ? "true" : "false", out);
            break;
        case REAL: {
            const double v = *(const double *)at(l, f);
            char text[32];
            if (isfinite(v)) fputs(json_number(v, text), out);
        } break;
        }
    }
}
