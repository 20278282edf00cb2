/* The nearest valid name for error messages. */
#ifndef MXB_NEAREST_H
#define MXB_NEAREST_H
#include <stddef.h>
/* Name of names[0..n) with the smallest Damerau-Levenshtein distance to `word`, case ignored; NULL if none is within
 * a third of its length (at least 2), so that no absurd hint is printed.  A name that begins with `word` (3 letters or
 * more) is near. */
const char *nearest_name(const char *word, const char *const *names, size_t n);
/* Appends ", did you mean 'x'?" or, without a near name and with few names, " (known: a, b, c)". */
void nearest_hint(char *err, size_t errlen, const char *word, const char *const *names, size_t n);
#endif
