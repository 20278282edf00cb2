/* Text of unknown origin made safe for the formats that reports are written in. */
#ifndef MXB_ESCAPE_H
#define MXB_ESCAPE_H
#include <stdio.h>

enum escape {
    ESC_XML,                         /* HTML, SVG and XML, content and quoted attributes */
    ESC_CSV,                         /* one field, quoted if it must be (RFC 4180); quotes inside are doubled */
    ESC_MARKDOWN,                    /* a cell of a table: no markup, no line break */
    ESC_GNUPLOT,                     /* the inside of a single-quoted string */
    ESC_TAP,                         /* a description or reason in TAP: '#' begins no directive */
    ESC_YAML,                        /* the inside of a double-quoted scalar */
    ESC_LINE                         /* one line of plain text */
};
/* NULL is written as "".  Bytes that are not UTF-8 become U+FFFD in every format, control characters (but in CSV the
 * line break) a blank. */
void put_escaped(FILE *, enum escape, const char *text);
#endif
