/* Takes stored cases apart into problem, parameters and tile (case_fields.h). */
#include "harness/case_fields.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool next_field(const char **s, struct field_text *out)
{
    for (;;) {
        *s += strspn(*s, " ");
        const size_t n = strcspn(*s, " ");
        if (!n) return false;
        const char *word = *s, *eq = memchr(word, '=', n);
        *s += n;
        if (!eq || eq == word) continue;
        *out = (struct field_text){ word, eq + 1, (int)(eq - word), (int)(word + n - eq - 1) };
        return true;
    }
}

static bool is_named(const struct field_text *f, const char *name)
{
    return strlen(name) == (size_t)f->name_len && memcmp(f->name, name, (size_t)f->name_len) == 0;
}

static bool find_field(const char *text, const char *name, struct field_text *f)
{
    while (text && next_field(&text, f))
        if (is_named(f, name)) return true;
    return false;
}

bool field_number(const char *text, const char *name, double *value)
{
    struct field_text f;
    char *end;
    if (!find_field(text, name, &f)) return false;
    *value = strtod(f.value, &end);
    return end == f.value + f.value_len && f.value_len && isfinite(*value);
}

size_t problem_length(const char *case_text)
{
    const char *s = case_text;
    struct field_text f;
    while (next_field(&s, &f))
        if (is_named(&f, "seed")) return (size_t)(s - case_text);
    return strlen(case_text);
}

bool same_problem(const struct stored_result *a, const struct stored_result *b)
{
    const size_t n = problem_length(a->case_text);
    return strncmp(a->case_text, b->case_text, n) == 0 && n == problem_length(b->case_text) &&
           strcmp(a->line.cache, b->line.cache) == 0;
}

/* Fields of the problem's part only: behind the seed come tiles. */
static bool next_param(const char **s, const char *end, struct field_text *f)
{
    return next_field(s, f) && f->name < end;
}

static bool same_value(const struct field_text *a, const struct field_text *b)
{
    return a->value_len == b->value_len && memcmp(a->value, b->value, (size_t)a->value_len) == 0;
}

bool same_problem_but(const struct stored_result *a, const struct stored_result *b, const char *param)
{
    const char *s = a->case_text, *t = b->case_text, *send = s + problem_length(s), *tend = t + problem_length(t);
    struct field_text f, g;
    if (strcmp(a->line.entry, b->line.entry) != 0 || strcmp(a->line.cache, b->line.cache) != 0) return false;
    for (;;) {
        const bool more = next_param(&s, send, &f), too = next_param(&t, tend, &g);
        if (!more || !too) return more == too;
        if (f.name_len != g.name_len || memcmp(f.name, g.name, (size_t)f.name_len) != 0) return false;
        if (!is_named(&f, param) && !same_value(&f, &g)) return false;
    }
}

bool is_timed(const struct stored_result *r)
{
    return strcmp(r->line.status, "PASS") == 0 && r->line.median_ns > 0;
}

void find_varying(const struct stored_result *const *r, uint32_t n, struct varying *out)
{
    struct field_text f, g;
    out->n = 0;
    if (!n) return;
    const char *s = r[0]->case_text, *end = s + problem_length(s);
    while (out->n < MXB_COUNT(out->name) && next_param(&s, end, &f)) {
        char name[48];
        bool differs = false;
        snprintf(name, sizeof(name), "%.*s", f.name_len, f.name);
        for (uint32_t i = 1; i < n && !differs; i++)
            differs = !find_field(r[i]->case_text, name, &g) || !same_value(&f, &g);
        if (differs) strcpy(out->name[out->n++], name);
    }
}

static bool varies(const struct varying *v, const struct field_text *f)
{
    for (uint32_t i = 0; i < v->n; i++)
        if (is_named(f, v->name[i])) return true;
    return false;
}

static void add(char *out, size_t n, const char *text, int len)
{
    const size_t at = strlen(out);
    snprintf(out + at, n - at, "%s%.*s", at ? " " : "", len, text);
}

static void add_params(const struct stored_result *r, const struct varying *v, bool wanted, char *out, size_t n)
{
    const char *s = r->case_text, *end = s + problem_length(s);
    struct field_text f;
    while (next_param(&s, end, &f)) {
        if (is_named(&f, "seed") && !wanted) continue;
        if (varies(v, &f) == wanted) add(out, n, f.name, f.name_len + 1 + f.value_len);
    }
}

void problem_label(const struct stored_result *r, const struct varying *v, bool entry, char *out, size_t n)
{
    const char *name = r->line.entry;
    const size_t op = strlen(r->line.op);
    *out = 0;
    if (strncmp(name, r->line.op, op) == 0 && name[op] == '_') name += op + 1;
    if (entry) add(out, n, name, (int)strlen(name));
    add_params(r, v, true, out, n);
    if (strcmp(r->line.cache, "cold") == 0) add(out, n, "cold", 4);
}

void common_label(const struct stored_result *r, const struct varying *v, char *out, size_t n)
{
    *out = 0;
    add_params(r, v, false, out, n);
}
