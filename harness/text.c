/* Text written piece by piece (text.h). */
#include "harness/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text text_begin(char *out, size_t n)
{
    if (n) out[0] = 0;
    return (struct text){ out, n, 0 };
}

void text_put(struct text *t, const char *s)
{
    const size_t len = strlen(s), at = (size_t)t->len;
    if (at < t->n) {
        const size_t room = t->n - at - 1, take = len < room ? len : room;
        memcpy(t->out + at, s, take);
        t->out[at + take] = 0;
    }
    t->len += (int)len;
}

void text_putf(struct text *t, const char *fmt, ...)
{
    char s[128];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s, sizeof s, fmt, ap);
    va_end(ap);
    text_put(t, s);
}

void text_quoted(struct text *t, const char *s)
{
    text_put(t, "\"");
    for (; *s; s++) {
        const unsigned char c = (unsigned char)*s;
        if (c < 0x20 || c == 0x7f || strchr("'\"\\", c)) text_putf(t, "\\x%02X", c);
        else text_putf(t, "%c", c);
    }
    text_put(t, "\"");
}

bool text_has_word(const char *list, const char *word)
{
    const size_t len = strlen(word);
    for (const char *p = list; p && *p; ) {
        p += strspn(p, " ");
        const size_t n = strcspn(p, " ");
        if (n == len && memcmp(p, word, n) == 0) return true;
        p += n;
    }
    return false;
}
