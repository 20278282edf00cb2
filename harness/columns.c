/* Text in the columns of a terminal (columns.h). */
#include "harness/columns.h"

#include <string.h>

#include "harness/quote.h"

/* Enough of wcwidth() for names: it depends on the locale, which the program does not set. */
static int width_of(unsigned c)
{
    static const struct { unsigned first, last; int width; } range[] = {
        { 0x0300, 0x036f, 0 }, { 0x200b, 0x200f, 0 },   { 0xfe00, 0xfe0f, 0 },   { 0x1100, 0x115f, 2 },
        { 0x2e80, 0xa4cf, 2 }, { 0xac00, 0xd7a3, 2 },   { 0xf900, 0xfaff, 2 },   { 0xfe30, 0xfe6f, 2 },
        { 0xff00, 0xff60, 2 }, { 0x1f300, 0x1faff, 2 }, { 0x20000, 0x3fffd, 2 },
    };
    for (size_t i = 0; i < sizeof range / sizeof range[0]; i++)
        if (c >= range[i].first && c <= range[i].last) return range[i].width;
    return 1;
}

/* Steps over one character; *width is what it takes. */
static size_t step(const char *s, size_t left, int *width)
{
    unsigned c = 0;
    const size_t n = utf8_char(s, left, &c);
    *width = n ? width_of(c) : 1;
    return n ? n : 1;
}

int text_columns(const char *text)
{
    int columns = 0, width;
    for (size_t at = 0, n = strlen(text); at < n; columns += width) at += step(text + at, n - at, &width);
    return columns;
}

size_t text_fit(const char *text, int columns)
{
    const size_t n = strlen(text);
    size_t at = 0;
    while (at < n) {
        int width;
        const size_t bytes = step(text + at, n - at, &width);
        if (width > columns) break;
        columns -= width;
        at += bytes;
    }
    return at;
}

void put_cut(FILE *f, const char *text, int columns)
{
    if (columns <= 0 || text_columns(text) <= columns) fputs(text, f);
    else fprintf(f, "%.*s…", (int)text_fit(text, columns - 1), text);
}

void put_column(FILE *f, const char *text, int columns, int right)
{
    int taken = text_columns(text);
    if (taken > columns && columns > 0) {            /* half a wide character stays blank */
        char cut[512];
        snprintf(cut, sizeof(cut), "%.*s", (int)text_fit(text, columns - 1), text);
        taken = text_columns(cut) + 1;
    }
    const int blanks = columns > taken ? columns - taken : 0;
    if (right) fprintf(f, "%*s", blanks, "");
    if (columns > 0) put_cut(f, text, columns);
    if (right) return;
    fprintf(f, "%*s", blanks, "");
}
