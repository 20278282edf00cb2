/* Quoting of input in error messages, and the UTF-8 decoder that it needs. */
#include "harness/quote.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

size_t utf8_char(const char *s, size_t n, unsigned *code)
{
    if (n == 0) return 0;
    const unsigned char *u = (const unsigned char *)s;
    const size_t len = u[0] < 0x80 ? 1 : u[0] < 0xc2 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : u[0] < 0xf5 ? 4 : 0;
    if (len == 0 || len > n) return 0;
    unsigned c = len == 1 ? u[0] : u[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((u[i] & 0xc0) != 0x80) return 0;
        c = c << 6 | (u[i] & 0x3f);
    }
    static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };   /* shorter forms exist below: not valid */
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return 0;
    if (code) *code = c;
    return len;
}

/* Characters that would break the line or reorder the text of a terminal. */
static bool is_control(unsigned c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

const char *quote(char out[QUOTE_LEN], const char *text, size_t len)
{
    size_t o = 0, i = 0;
    out[o++] = '\'';
    for (int chars = 0; i < len && chars < QUOTE_CHARS; chars++) {
        unsigned c = (unsigned char)text[i];
        const size_t n = utf8_char(text + i, len - i, &c);
        if (n == 0 || is_control(c)) {
            o += (size_t)snprintf(out + o, QUOTE_LEN - o, c > 0xff ? "\\u%04x" : "\\x%02x", c);
        } else {
            memcpy(out + o, text + i, n);
            o += n;
        }
        i += n ? n : 1;
    }
    snprintf(out + o, QUOTE_LEN - o, i < len ? "...'" : "'");
    return out;
}

char *shell_quote(char *out, size_t n, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";
    const size_t len = strlen(text);
    size_t o = 0;
    if (len && strspn(text, plain) == len) {
        snprintf(out, n, "%s", len < n ? text : "");
        return out;
    }
    const size_t worst = 4 * len + 3;                /* each ' becomes '\'' */
    if (n) out[0] = 0;
    if (n < worst) return out;
    out[o++] = '\'';
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\'') o += (size_t)sprintf(out + o, "'\\''");
        else out[o++] = text[i];
    }
    out[o++] = '\'';
    out[o] = 0;
    return out;
}
