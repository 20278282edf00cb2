/* Text of unknown origin made safe for the formats that reports are written in. */
#include "harness/escape.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "harness/quote.h"

static const char *replacement(enum escape how, unsigned c)
{
    static const char marks[] = "\\`*_[]|~#!{}";
    static const char *const backslashed[] = { "\\\\", "\\`", "\\*", "\\_", "\\[", "\\]",
                                               "\\|",  "\\~", "\\#", "\\!", "\\{", "\\}" };
    const bool markup = how == ESC_XML || how == ESC_MARKDOWN;
    if (how == ESC_CSV && (c == '\n' || c == '\r')) return NULL;
    if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029) return " ";
    if (c == 0xfffe || c == 0xffff) return "\xEF\xBF\xBD";           /* no characters of XML */
    if (markup && c == '&') return "&amp;";
    if (markup && c == '<') return "&lt;";
    if (how == ESC_XML && c == '>') return "&gt;";
    if (how == ESC_XML && c == '"') return "&quot;";
    if (how == ESC_XML && c == '\'') return "&#39;";
    if (how == ESC_GNUPLOT && c == '\'') return "''";
    if (how == ESC_CSV && c == '"') return "\"\"";
    if ((how == ESC_TAP || how == ESC_YAML) && c == '\\') return "\\\\";
    if (how == ESC_TAP && c == '#') return "\\#";
    if (how == ESC_YAML && c == '"') return "\\\"";
    const char *mark = how == ESC_MARKDOWN && c < 0x80 ? strchr(marks, (int)c) : NULL;
    return mark ? backslashed[mark - marks] : NULL;
}

void put_escaped(FILE *f, enum escape how, const char *text)
{
    if (!text) return;
    const char *s = text, *end = text + strlen(text), *from = text;  /* from: start of what is written as it stands */
    const bool quoted = how == ESC_CSV && (strpbrk(text, ",\"\r\n") || *text == ' ' || (end > text && end[-1] == ' '));
    if (quoted) fputc('"', f);
    while (s < end) {
        unsigned code = 0;
        const size_t n = utf8_char(s, (size_t)(end - s), &code);
        const char *other = n ? replacement(how, code) : "\xEF\xBF\xBD";
        if (code == '_' && s > text && isalnum((unsigned char)s[-1]) && isalnum((unsigned char)s[1]))
            other = NULL; /* rms_norm */
        if (other) {
            fwrite(from, 1, (size_t)(s - from), f);
            fputs(other, f);
        }
        s += n ? n : 1;
        if (other) from = s;
    }
    fwrite(from, 1, (size_t)(end - from), f);
    if (quoted) fputc('"', f);
}
