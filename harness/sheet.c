/* Rows and columns in four formats (sheet.h). */
#include "harness/sheet.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/escape.h"
#include "harness/json.h"
#include "harness/quote.h"

const char *const sheet_formats[SHEET_NFORMAT] = { "table", "markdown", "json", "csv" };

/* ---- cells ---- */

static void add(struct sheet *s, const char *people, const char *program, bool number)
{
    if (s->n == s->cap) {
        const uint32_t cap = s->cap ? 2 * s->cap : 256;
        struct sheet_cell *p = realloc(s->cell, cap * sizeof *p);
        if (!p) {
            s->failed = true;
            return;
        }
        s->cell = p;
        s->cap = cap;
    }
    struct sheet_cell *c = &s->cell[s->n++];
    *c = (struct sheet_cell){ strdup(people), program ? strdup(program) : NULL, number };
    if (!c->people || (program && !c->program)) s->failed = true;
}

void sheet_text(struct sheet *s, const char *text) { add(s, text, *text ? text : NULL, false); }

void sheet_number(struct sheet *s, double value, const char *people)
{
    char text[32];
    snprintf(text, sizeof text, "%.15g", value);
    if (strtod(text, NULL) != value) snprintf(text, sizeof text, "%.17g", value);
    add(s, people, isfinite(value) ? text : NULL, true);
}

void sheet_free(struct sheet *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        free(s->cell[i].people);
        free(s->cell[i].program);
    }
    free(s->cell);
    s->cell = NULL;
    s->n = s->cap = 0;
}

/* ---- formats ---- */

/* Columns on a terminal: characters, not bytes. */
static int width(const char *text)
{
    int n = 0;
    for (size_t left = strlen(text); left > 0; n++) {
        const size_t len = utf8_char(text, left, NULL);
        text += len ? len : 1;
        left -= len ? len : 1;
    }
    return n;
}

static void pad(FILE *f, int n)
{
    if (n > 0) fprintf(f, "%*s", n, "");
}

/* The last column is not padded. */
static void print_table(const struct sheet *s, FILE *f)
{
    int *w = calloc(s->ncolumn, sizeof *w);
    uint32_t last = 0;
    if (!w) return;
    for (uint32_t c = 0; c < s->ncolumn; c++) {
        if (!s->column[c].title) continue;
        last = c;
        w[c] = width(s->column[c].title);
        for (uint32_t i = c; i < s->n; i += s->ncolumn)
            if (width(s->cell[i].people) > w[c]) w[c] = width(s->cell[i].people);
    }
    for (uint32_t i = 0; i < s->n + s->ncolumn; i++) {   /* the titles first */
        const uint32_t c = i % s->ncolumn;
        if (!s->column[c].title) continue;
        const struct sheet_cell *cell = i < s->ncolumn ? NULL : &s->cell[i - s->ncolumn];
        const char *text = cell ? cell->people : s->column[c].title;
        const bool right = s->n > c && s->cell[c].number;
        if (right) pad(f, w[c] - width(text));
        fputs(text, f);
        if (!right && c != last) pad(f, w[c] - width(text));
        fputs(c == last ? "\n" : "  ", f);
    }
    free(w);
}

static void print_markdown(const struct sheet *s, FILE *f)
{
    assert(s->ncolumn);
    for (uint32_t c = 0; c < s->ncolumn; c++)
        if (s->column[c].title) fprintf(f, "| %s ", s->column[c].title);
    fputs("|\n", f);
    for (uint32_t c = 0; c < s->ncolumn; c++)
        if (s->column[c].title) fputs(s->n > c && s->cell[c].number ? "|---:" : "|---", f);
    fputs("|\n", f);
    for (uint32_t i = 0; i < s->n; i++) {
        const uint32_t c = i % s->ncolumn;
        if (s->column[c].title) {
            fputs("| ", f);
            for (const char *p = s->cell[i].people; *p; p++) {
                if (*p == '|') fputc('\\', f);
                fputc(*p == '\n' ? ' ' : *p, f);
            }
            fputc(' ', f);
        }
        if (c + 1 == s->ncolumn) fputs("|\n", f);
    }
}

static void print_json(const struct sheet *s, FILE *f)
{
    for (uint32_t i = 0; i < s->n; i += s->ncolumn) {
        struct json j = { .file = f };
        json_object(&j, NULL);
        for (uint32_t c = 0; c < s->ncolumn; c++) {
            const struct sheet_cell *cell = &s->cell[i + c];
            if (!s->column[c].key) continue;
            if (!cell->program) json_null(&j, s->column[c].key);
            else if (cell->number) json_raw(&j, s->column[c].key, cell->program);
            else json_string(&j, s->column[c].key, cell->program);
        }
        json_end(&j);
        json_finish(&j, NULL);
        fputc('\n', f);
    }
}

static void print_csv(const struct sheet *s, FILE *f)
{
    assert(s->ncolumn);
    const char *sep = "";
    for (uint32_t c = 0; c < s->ncolumn; c++) {
        if (!s->column[c].key) continue;
        fprintf(f, "%s%s", sep, s->column[c].key);
        sep = ",";
    }
    for (uint32_t i = 0; i < s->n; i++) {
        const uint32_t c = i % s->ncolumn;
        if (c == 0) {
            fputs("\r\n", f);
            sep = "";
        }
        if (!s->column[c].key) continue;
        fputs(sep, f);
        put_escaped(f, ESC_CSV, s->cell[i].program);
        sep = ",";
    }
    fputs("\r\n", f);
}

void sheet_print(const struct sheet *s, enum sheet_format format, FILE *f)
{
    static void (*const print[SHEET_NFORMAT])(const struct sheet *, FILE *) = { print_table, print_markdown, print_json,
                                                                                print_csv };
    assert(s->ncolumn > 0);
    print[format](s, f);
}

const char *people_time(double ns, char out[16])
{
    static const char *const unit[] = { "ns", "us", "ms", "s" };
    int u = 0;
    while (ns >= 1000 && u < 3) {
        ns /= 1000;
        u++;
    }
    snprintf(out, 16, "%.*f %s", ns < 10 ? 3 : ns < 100 ? 2 : 1, ns, unit[u]);
    return out;
}
