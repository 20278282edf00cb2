/* Values of a suite's nodes: numbers, durations, names, lists; and the errors that name their place. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/nearest.h"
#include "harness/quote.h"
#include "harness/suite_read.h"

static int vfail(struct reader *r, int line, int col, const char *fmt, va_list ap)
{
    const struct load *l = r->load;
    const int at = snprintf(l->err, l->errlen, "%s:%d:%d: ", r->shown, line, col);
    if (at >= 0 && (size_t)at < l->errlen) vsnprintf(l->err + at, l->errlen - (size_t)at, fmt, ap);
    return MXB_EPARSE;
}

int fail_at(struct reader *r, const struct node *n, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const int rc = vfail(r, n->line, n->col, fmt, ap);
    va_end(ap);
    return rc;
}

int fail_inside(struct reader *r, const struct node *n, size_t skip, int col, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const int rc =
        vfail(r, n->line, n->col + (n->inset == INSET_UNKNOWN ? 0 : n->inset + (int)skip + col - 1), fmt, ap);
    va_end(ap);
    return rc;
}

int fail_memory(struct reader *r)
{
    snprintf(r->load->err, r->load->errlen, "%s: out of memory", r->shown);
    return MXB_ENOMEM;
}

int fail_unknown(struct reader *r, const struct node *n, const char *what, const char *const *names, size_t count)
{
    char q[QUOTE_LEN];
    const int rc = fail_at(r, n, "unknown %s %s", what, quote(q, n->u.text, n->n));
    nearest_hint(r->load->err, r->load->errlen, n->u.text, names, count);
    return rc;
}

int fail_type(struct reader *r, const struct node *n, const char *key, const char *expected)
{
    char q[QUOTE_LEN];
    const char *got = n->kind == NODE_LIST ? "a list" : n->kind == NODE_MAP ? "a map" :
                      n->n == 0 && !n->quoted ? "nothing" : quote(q, n->u.text, n->n);
    return fail_at(r, n, "'%s' must be %s, got %s%s", key, expected,
                   n->kind == NODE_TEXT && n->quoted ? "the text " : "", got);
}

int check_keys(struct reader *r, const struct node *map, const char *where, const char *const *keys, size_t n)
{
    for (uint32_t i = 0; i < map->n; i++) {
        const struct node *key = map->u.pair[i].key;
        size_t k = 0;
        while (k < n && strcmp(keys[k], key->u.text) != 0) k++;
        if (k < n) continue;
        char q[QUOTE_LEN];
        const int rc = fail_at(r, key, "unknown key %s in %s", quote(q, key->u.text, key->n), where);
        nearest_hint(r->load->err, r->load->errlen, key->u.text, keys, n);
        return rc;
    }
    return 0;
}

int read_text(struct reader *r, const struct node *n, const char *key, const char **out)
{
    if (n->kind != NODE_TEXT || n->n == 0) return fail_type(r, n, key, "a text that is not empty");
    *out = n->u.text;
    return 0;
}

int read_bool(struct reader *r, const struct node *n, const char *key, bool *out)
{
    const bool t = n->kind == NODE_TEXT && !n->quoted && strcmp(n->u.text, "true") == 0;
    if (!t && (n->kind != NODE_TEXT || n->quoted || strcmp(n->u.text, "false") != 0))
        return fail_type(r, n, key, "true or false");
    *out = t;
    return 0;
}

/* Bytes of the decimal number at s, 0 = none: [+-] digits [. digits] [e [+-] digits]. */
static size_t number_len(const char *s)
{
    static const char digits[] = "0123456789";
    const size_t sign = *s == '-' || *s == '+';
    size_t whole = strspn(s + sign, digits), n = sign + whole;
    if (s[n] == '.') {
        const size_t part = strspn(s + n + 1, digits);
        n += 1 + part;
        whole += part;
    }
    if (whole == 0) return 0;
    if ((s[n] | 0x20) == 'e') {
        const size_t e = n + 1 + (s[n + 1] == '-' || s[n + 1] == '+'), part = strspn(s + e, digits);
        if (part) n = e + part;
    }
    return n;
}

static int fail_range(struct reader *r, const struct node *n, const char *key, const char *lo, const char *hi)
{
    char q[QUOTE_LEN];
    return fail_at(r, n, "'%s' must be in %s .. %s, got %s", key, lo, hi, quote(q, n->u.text, n->n));
}

/* Decimal or 0x digits with a sign; false: no integer.  Beyond 64 bits the magnitude is UINT64_MAX and *huge is set. */
static bool parse_int(const char *s, bool *negative, uint64_t *magnitude, bool *huge)
{
    *negative = *s == '-';
    if (*s == '-' || *s == '+') s++;
    const bool hex = s[0] == '0' && (s[1] | 0x20) == 'x';
    if (hex) s += 2;
    const size_t len = strspn(s, hex ? "0123456789abcdefABCDEF" : "0123456789");
    if (len == 0 || s[len] != 0) return false;
    errno = 0;
    *magnitude = strtoull(s, NULL, hex ? 16 : 10);
    *huge = errno == ERANGE;
    return true;
}

int read_u64(struct reader *r, const struct node *n, const char *key, uint64_t lo, uint64_t hi, uint64_t *out)
{
    bool negative, huge;
    char a[24], b[24];
    if (n->kind != NODE_TEXT || n->quoted || !parse_int(n->u.text, &negative, out, &huge))
        return fail_type(r, n, key, "an integer");
    if (!huge && !(negative && *out) && *out >= lo && *out <= hi) return 0;
    snprintf(a, sizeof a, "%" PRIu64, lo);
    snprintf(b, sizeof b, "%" PRIu64, hi);
    return fail_range(r, n, key, a, b);
}

int read_i64(struct reader *r, const struct node *n, const char *key, int64_t lo, int64_t hi, int64_t *out)
{
    bool negative, huge;
    uint64_t m;
    char a[24], b[24];
    if (n->kind != NODE_TEXT || n->quoted || !parse_int(n->u.text, &negative, &m, &huge))
        return fail_type(r, n, key, "an integer");
    if (!huge && m <= INT64_MAX) {
        *out = negative ? -(int64_t)m : (int64_t)m;
        if (*out >= lo && *out <= hi) return 0;
    }
    snprintf(a, sizeof a, "%" PRId64, lo);
    snprintf(b, sizeof b, "%" PRId64, hi);
    return fail_range(r, n, key, a, b);
}

int read_double(struct reader *r, const struct node *n, const char *key, double lo, double hi, double *out)
{
    char a[32], b[32];
    const size_t len = n->kind == NODE_TEXT && !n->quoted ? number_len(n->u.text) : 0;
    if (len == 0 || len != n->n) return fail_type(r, n, key, "a number");
    *out = strtod(n->u.text, NULL);
    if (*out >= lo && *out <= hi) return 0;
    snprintf(a, sizeof a, "%.9g", lo);
    snprintf(b, sizeof b, "%.9g", hi);
    return fail_range(r, n, key, a, b);
}

int read_duration(struct reader *r, const struct node *n, const char *key, double *ns)
{
    static const struct { const char *unit; double ns; } units[] = {
        { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { "min", 60e9 },
    };
    const size_t len = n->kind == NODE_TEXT ? number_len(n->u.text) : 0;
    for (size_t i = 0; len && i < MXB_COUNT(units); i++) {
        if (strcmp(n->u.text + len, units[i].unit) != 0) continue;
        *ns = strtod(n->u.text, NULL) * units[i].ns;
        return *ns >= 1e3 && *ns <= 3600e9 ? 0 : fail_range(r, n, key, "1us", "60min");
    }
    return fail_type(r, n, key, "a duration such as 500us, 50ms or 2s");
}

int read_percent(struct reader *r, const struct node *n, const char *key, double lo, double hi, double *share)
{
    char least[32], most[32];
    const size_t len = n->kind == NODE_TEXT ? number_len(n->u.text) : 0;
    if (!len || strcmp(n->u.text + len, "%") != 0) return fail_type(r, n, key, "a percentage such as 3%");
    const double v = strtod(n->u.text, NULL);
    snprintf(least, sizeof least, "%g%%", lo);
    snprintf(most, sizeof most, "%g%%", hi);
    *share = v / 100;
    return v >= lo && v <= hi ? 0 : fail_range(r, n, key, least, most);
}

int list_check(struct reader *r, const struct node *n, const char *key)
{
    if (n->kind == NODE_MAP || (n->kind == NODE_TEXT && n->n == 0))
        return fail_type(r, n, key, "a name or a list of names");
    if (list_len(n) == 0) return fail_at(r, n, "'%s' is an empty list", key);
    for (uint32_t i = 0; i < list_len(n); i++) {
        const struct node *item = list_item(n, i);
        if (item->kind != NODE_TEXT || item->n == 0) return fail_type(r, item, key, "a list of names");
    }
    return 0;
}

uint32_t list_len(const struct node *n) { return n->kind == NODE_LIST ? n->n : 1; }

const struct node *list_item(const struct node *n, uint32_t i) { return n->kind == NODE_LIST ? n->u.item[i] : n; }

int read_name_set(struct reader *r, const struct node *n, const char *key, const char *what,
                  const char *const *names, size_t count, uint32_t *bits)
{
    const int rc = list_check(r, n, key);
    if (rc) return rc;
    *bits = 0;
    for (uint32_t i = 0; i < list_len(n); i++) {
        const struct node *item = list_item(n, i);
        size_t k = 0;
        while (k < count && strcmp(names[k], item->u.text) != 0) k++;
        if (k == count) return fail_unknown(r, item, what, names, count);
        *bits |= 1u << k;
    }
    return 0;
}

bool is_expression(const struct node *n) { return n->kind == NODE_TEXT && n->u.text[0] == '='; }
