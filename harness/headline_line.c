/* One headline as flat fields, as JSON and as CSV (headline.h).  The fields are documented in docs/json.md. */
#include <math.h>
#include <stddef.h>

#include "harness/escape.h"
#include "harness/headline.h"
#include "harness/json.h"
#include "harness/report.h"

enum field_kind { TEXT, COUNT, REAL };
struct field { const char *name; enum field_kind kind; size_t off; };
#define F(kind, name, member) { name, kind, offsetof(struct headline, member) }
#define ARM(letter, i)                                                                                                \
    F(TEXT, letter, arm[i].text), F(TEXT, letter "_cases", arm[i].cases), F(COUNT, letter "_kernels", arm[i].kernels), \
    F(REAL, letter "_ns", arm[i].ns), F(REAL, letter "_ci_lo_ns", arm[i].ci_lo_ns),                                   \
    F(REAL, letter "_ci_hi_ns", arm[i].ci_hi_ns), F(REAL, letter "_bytes", arm[i].bytes),                             \
    F(REAL, letter "_err_rms", arm[i].err_rms), F(REAL, letter "_err_max", arm[i].err_max),                           \
    F(REAL, letter "_nrmse", arm[i].nrmse), F(TEXT, letter "_notes", arm[i].notes)
static const struct field field[] = {
    F(TEXT, "headline", name),
    F(TEXT, "suite", suite),
    F(TEXT, "claim", claim),
    F(COUNT, "variant", variant),
    F(TEXT, "backend", backend),
    F(TEXT, "device", device),
    F(TEXT, "device_label", device_label),
    F(TEXT, "driver", driver),
    F(REAL, "ratio", ratio),
    F(REAL, "ratio_lo", lo),
    F(REAL, "ratio_hi", hi),
    F(COUNT, "rounds", rounds),
    F(TEXT, "reason", reason),
    ARM("a", 0),
    ARM("b", 1),
};

static const void *at(const struct headline *h, const struct field *f) { return (const char *)h + f->off; }

static const char *text_at(const struct headline *h, const struct field *f)
{
    const char *text = *(const char *const *)at(h, f);
    return text && *text ? text : NULL;
}

void headline_json(FILE *out, const struct headline *h)
{
    struct json j = { .file = out };
    json_object(&j, NULL);
    json_uint(&j, "format", REPORT_JSON_FORMAT);
    for (size_t i = 0; i < MXB_COUNT(field); i++) {
        const struct field *f = &field[i];
        if (f->kind == TEXT) json_string(&j, f->name, text_at(h, f));
        else if (f->kind == COUNT) json_uint(&j, f->name, *(const uint32_t *)at(h, f));
        else json_double(&j, f->name, *(const double *)at(h, f));
    }
    json_end(&j);
    json_finish(&j, NULL);
    fputc('\n', out);
}

void headline_csv_head(FILE *out)
{
    for (size_t i = 0; i < MXB_COUNT(field); i++) fprintf(out, "%spair_%s", i ? "," : "", field[i].name);
}

void headline_csv(FILE *out, const struct headline *h)
{
    for (size_t i = 0; i < MXB_COUNT(field); i++) {
        const struct field *f = &field[i];
        char number[32];
        if (i) fputc(',', out);
        if (!h) continue;
        if (f->kind == TEXT) put_escaped(out, ESC_CSV, text_at(h, f));
        else if (f->kind == COUNT) fprintf(out, "%u", *(const uint32_t *)at(h, f));
        else if (isfinite(*(const double *)at(h, f))) fputs(json_number(*(const double *)at(h, f), number), out);
    }
}
