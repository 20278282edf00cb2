/* The formats that --format and --report know, and the places that they are written to. */
#include "harness/report.h"

#include <errno.h>
#include <string.h>

#include "harness/nearest.h"

extern const struct reporter report_table, report_json, report_csv, report_junit, report_tap, report_markdown;
const struct reporter *const reporters[] = { &report_table, &report_json,     &report_csv, &report_junit,
                                             &report_tap,   &report_markdown, NULL };

static const struct reporter *find_reporter(const char *name, size_t len, bool to_file, char *err, size_t errlen)
{
    const char *known[MXB_COUNT(reporters)];
    char word[41];
    size_t n = 0;
    for (; reporters[n]; n++) {
        known[n] = reporters[n]->name;
        if (strlen(known[n]) == len && memcmp(known[n], name, len) == 0) return reporters[n];
    }
    snprintf(word, sizeof(word), "%.*s", (int)len, name);
    snprintf(err, errlen, to_file ? "--report: unknown format '%s'" : "unknown --format '%s'", word);
    nearest_hint(err, errlen, word, known, n);
    return NULL;
}

int sinks_add(struct report_sinks *s, const char *spec, bool to_file, char *err, size_t errlen)
{
    const char *eq = to_file ? strchr(spec, '=') : NULL;
    if (to_file && (!eq || !eq[1])) {
        snprintf(err, errlen, "--report: '%.60s' is not FORMAT=FILE", spec);
        return MXB_EINVAL;
    }
    const struct reporter *r = find_reporter(spec, eq ? (size_t)(eq - spec) : strlen(spec), to_file, err, errlen);
    if (!r) return MXB_EINVAL;
    if (s->n == MAX_SINKS) {
        snprintf(err, errlen, "--report: more than %d", MAX_SINKS - 1);
        return MXB_EINVAL;
    }
    s->sink[s->n++] = (struct report_sink){ .reporter = r, .path = eq ? eq + 1 : NULL };
    return 0;
}

int sinks_begin(struct report_sinks *s, const struct case_list *l, const struct device_list *d,
                const struct report_style *style, char *err, size_t errlen)
{
    static const struct report_style plain = { 0 };
    for (uint32_t i = 0; i < s->n; i++) {
        struct report_sink *k = &s->sink[i];
        k->file = k->path ? fopen(k->path, "we") : stdout;
        if (!k->file) {
            snprintf(err, errlen, "--report: cannot write '%.200s': %s", k->path, strerror(errno));
            return MXB_EINVAL;
        }
    }
    for (uint32_t i = 0; i < s->n; i++) {
        struct report_sink *k = &s->sink[i];
        k->reporter->begin(k->file, l, d, k->path ? &plain : style, &k->state);
        if (k->state) continue;
        snprintf(err, errlen, "out of memory");
        return MXB_ENOMEM;
    }
    return 0;
}

void sinks_row(struct report_sinks *s, const struct result_row *r, const char *label, const struct bench_case *c)
{
    for (uint32_t i = 0; i < s->n; i++) s->sink[i].reporter->row(s->sink[i].file, s->sink[i].state, r, label, c);
}

void sinks_headline(struct report_sinks *s, const struct headline *h)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->sink[i].reporter->headline) s->sink[i].reporter->headline(s->sink[i].file, s->sink[i].state, h);
}

int sinks_end(struct report_sinks *s, const struct run_summary *sum, char *err, size_t errlen)
{
    static const struct run_summary nothing;
    int rc = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        struct report_sink *k = &s->sink[i];
        if (k->state) k->reporter->end(k->file, k->state, sum ? sum : &nothing);
        k->state = NULL;
        if (!k->file || !k->path) continue;
        const bool bad = ferror(k->file) != 0;
        if ((fclose(k->file) != 0 || bad) && rc == 0) {
            snprintf(err, errlen, "--report: cannot write '%.200s': %s", k->path, strerror(errno));
            rc = MXB_EINVAL;
        }
        k->file = NULL;
    }
    return rc;
}
