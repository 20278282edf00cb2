/* Text in the columns of a terminal: a character counts once, however many bytes it has. */
#ifndef MXB_COLUMNS_H
#define MXB_COLUMNS_H
#include <stdio.h>

/* Columns that the UTF-8 text takes: combining marks none, East Asian wide characters two, a stray byte one. */
int text_columns(const char *text);
/* Bytes of the longest beginning that fits into `columns`. */
size_t text_fit(const char *text, int columns);
/* Writes the text in exactly `columns`: filled with blanks, to the left if `right`, or cut with an ellipsis. */
void put_column(FILE *, const char *text, int columns, int right);
/* Writes the text as it is, cut with an ellipsis to `columns`; 0 = unlimited. */
void put_cut(FILE *, const char *text, int columns);
#endif
