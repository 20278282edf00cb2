/* Text written piece by piece into a buffer of fixed size, which counts on where the buffer ends, as snprintf does. */
#ifndef MXB_TEXT_H
#define MXB_TEXT_H
#include <stdbool.h>
#include <stddef.h>

struct text { char *out; size_t n; int len; };       /* len: what was written or would have been */

struct text text_begin(char *out, size_t n);         /* n 0: only counts */
void text_put(struct text *, const char *s);
__attribute__((format(printf, 2, 3))) void text_putf(struct text *, const char *fmt, ...);   /* 127 bytes at most */
/* A double-quoted YAML text without a single quote, so that a shell can quote the whole case. */
void text_quoted(struct text *, const char *s);

/* True if `word` is one of the blank-separated words of list, which may be NULL. */
bool text_has_word(const char *list, const char *word);
#endif
