/* The nearest valid name: Damerau-Levenshtein distance (adjacent transpositions count 1), case ignored. */
#include "harness/nearest.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 64, LIST_MAX = 12, LIST_CHARS = 200 };   /* longer words get no hint, longer lists are not printed */

static int lower(char c) { return tolower((unsigned char)c); }

static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }

/* Distance of a[0..n) and b[0..m), n and m <= WORD_MAX: three rows of the usual table. */
static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
    unsigned row[3][WORD_MAX + 1];
    for (size_t j = 0; j <= m; j++) row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *cur = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];
        cur[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            const unsigned change = lower(a[i - 1]) != lower(b[j - 1]);
            cur[j] = least(up[j - 1] + change, least(up[j], cur[j - 1]) + 1);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
                cur[j] = least(cur[j], up2[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

const char *nearest_name(const char *word, const char *const *names, size_t n)
{
    const size_t len = strlen(word);
    if (len == 0 || len > WORD_MAX) return NULL;
    const unsigned limit = len / 3 > 2 ? (unsigned)(len / 3) : 2;
    const char *best = NULL;
    unsigned best_d = limit + 1;
    size_t best_len = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t m = strlen(names[i]);
        if (m > WORD_MAX) continue;
        unsigned d = distance(word, len, names[i], m);
        if (d > 1 && len >= 3 && m > len && strncasecmp(word, names[i], len) == 0) d = 1;
        if (d >= len || d >= m) continue;            /* no letter in common */
        if (d < best_d || (best && d == best_d && m < best_len)) {
            best = names[i];
            best_d = d;
            best_len = m;
        }
    }
    return best;
}

void nearest_hint(char *err, size_t errlen, const char *word, const char *const *names, size_t n)
{
    size_t at = errlen ? strlen(err) : 0, chars = 0;
    if (at >= errlen) return;
    const char *near = nearest_name(word, names, n);
    if (near) {
        snprintf(err + at, errlen - at, ", did you mean '%s'?", near);
        return;
    }
    for (size_t i = 0; i < n; i++) chars += strlen(names[i]) + 2;
    if (n == 0 || n > LIST_MAX || chars > LIST_CHARS) return;
    for (size_t i = 0; i < n && at < errlen; i++)
        at += (size_t)snprintf(err + at, errlen - at, "%s%s", i ? ", " : " (known: ", names[i]);
    if (at < errlen) snprintf(err + at, errlen - at, ")");
}
