/* Shows a piece of somebody's input in an error message: quoted, on one line, cut to a readable length. */
#ifndef MXB_QUOTE_H
#define MXB_QUOTE_H
#include <stddef.h>

enum { QUOTE_CHARS = 60, QUOTE_LEN = QUOTE_CHARS * 6 + 8 };
/* 'text' with control characters and bytes that are not UTF-8 escaped as \xNN or \uNNNN.  Returns out. */
const char *quote(char out[QUOTE_LEN], const char *text, size_t len);
/* One word for a shell: the text as it is, or in single quotes.  Returns out, "" if it does not fit. */
char *shell_quote(char *out, size_t n, const char *text);
/* Bytes of the valid UTF-8 character at s[0..n), 0 if there is none; *code (may be NULL) is its number. */
size_t utf8_char(const char *s, size_t n, unsigned *code);
#endif
