/* Writes JSON (RFC 8259) to a FILE or a growing string. */
#include "harness/json.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/mxb_types.h"
#include "harness/quote.h"

static void put(struct json *j, const char *s, size_t n)
{
    if (j->rc) return;
    if (j->file) {
        if (fwrite(s, 1, n, j->file) != n) j->rc = MXB_EINVAL;
        return;
    }
    if (j->cap - j->len <= n) {                      /* room for the NUL too */
        const size_t cap = 2 * j->cap + n + 256;
        char *text = realloc(j->text, cap);
        if (!text) {
            j->rc = MXB_ENOMEM;
            return;
        }
        j->text = text;
        j->cap = cap;
    }
    memcpy(j->text + j->len, s, n);
    j->len += n;
    j->text[j->len] = '\0';
}

static void new_line(struct json *j)
{
    static const char spaces[] = "                ";
    if (!j->indent) return;
    put(j, "\n", 1);
    for (size_t left = j->depth * (size_t)j->indent; left > 0;) {
        const size_t n = left < sizeof spaces - 1 ? left : sizeof spaces - 1;
        put(j, spaces, n);
        left -= n;
    }
}

static void put_escaped(struct json *j, unsigned c)
{
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";       /* pairs: character, letter of its escape */
    char text[8];
    for (const char *p = named; *p; p += 2) {
        if ((unsigned char)*p != c) continue;
        text[0] = '\\';
        text[1] = p[1];
        put(j, text, 2);
        return;
    }
    put(j, text, (size_t)snprintf(text, sizeof text, "\\u%04x", c));
}

static void put_string(struct json *j, const char *value)
{
    const char *from = value;                        /* start of what is written as it stands */
    put(j, "\"", 1);
    const char *s = value, *end = value + strlen(value);
    while (s < end) {
        unsigned code = 0;
        const size_t n = utf8_char(s, (size_t)(end - s), &code);
        if (n > 0 && code >= 0x20 && code != '"' && code != '\\') {
            s += n;
            continue;
        }
        put(j, from, (size_t)(s - from));
        if (n > 0) put_escaped(j, code);
        else put(j, "\xEF\xBF\xBD", 3);
        from = ++s;
    }
    put(j, from, (size_t)(end - from));
    put(j, "\"", 1);
}

/* What stands before every value: comma, line, key. */
static void lead_in(struct json *j, const char *key)
{
    if (j->depth == 0) {
        assert(!key);
        return;
    }
    const uint32_t level = j->depth - 1;
    assert(j->array[level] == !key);
    if (j->filled[level]) put(j, ",", 1);
    j->filled[level] = true;
    new_line(j);
    if (!key) return;
    put_string(j, key);
    put(j, ": ", j->indent ? 2 : 1);
}

static void open_level(struct json *j, const char *key, bool array)
{
    lead_in(j, key);
    assert(j->depth < JSON_MAX_DEPTH);
    j->array[j->depth] = array;
    j->filled[j->depth++] = false;
    put(j, array ? "[" : "{", 1);
}

void json_object(struct json *j, const char *key)
{
    open_level(j, key, false);
}

void json_array(struct json *j, const char *key)
{
    open_level(j, key, true);
}

void json_end(struct json *j)
{
    assert(j->depth > 0);
    j->depth--;
    if (j->filled[j->depth]) new_line(j);
    put(j, j->array[j->depth] ? "]" : "}", 1);
}

void json_raw(struct json *j, const char *key, const char *json_text)
{
    lead_in(j, key);
    put(j, json_text, strlen(json_text));
}

void json_string(struct json *j, const char *key, const char *value)
{
    if (!value) {
        json_null(j, key);
        return;
    }
    lead_in(j, key);
    put_string(j, value);
}

const char *json_number(double value, char text[32])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, 32, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    return text;
}

void json_double(struct json *j, const char *key, double value)
{
    char text[32];
    if (!isfinite(value)) {
        json_null(j, key);
        return;
    }
    json_number(value, text);
    json_raw(j, key, text);
}

void json_int(struct json *j, const char *key, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    json_raw(j, key, text);
}

void json_uint(struct json *j, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    json_raw(j, key, text);
}

void json_bool(struct json *j, const char *key, bool value)
{
    json_raw(j, key, value ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
    json_raw(j, key, "null");
}

int json_finish(struct json *j, char **text)
{
    assert(j->depth == 0);
    if (j->indent) put(j, "\n", 1);
    if (j->file && !j->rc && fflush(j->file)) j->rc = MXB_EINVAL;
    const int rc = j->rc;
    if (text) *text = rc ? NULL : j->text;
    if (!text || rc) free(j->text);
    *j = (struct json){ .file = j->file, .indent = j->indent };
    return rc;
}
