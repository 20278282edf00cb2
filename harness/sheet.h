/* Rows and columns for people (table, markdown) and for programs (json, csv) from the same cells. */
#ifndef MXB_SHEET_H
#define MXB_SHEET_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum sheet_format { SHEET_TABLE, SHEET_MARKDOWN, SHEET_JSON, SHEET_CSV, SHEET_NFORMAT };
extern const char *const sheet_formats[SHEET_NFORMAT];    /* names of --format */

struct sheet_column {
    const char *key;                 /* of a JSON member and a CSV column; NULL = for people only */
    const char *title;               /* for people; NULL = for programs only */
};
struct sheet_cell { char *people, *program; bool number; };    /* program: NULL = null, number: not to be quoted */
struct sheet {
    const struct sheet_column *column; uint32_t ncolumn;
    struct sheet_cell *cell; uint32_t n, cap;        /* row by row */
    bool failed;                     /* no memory */
};

/* The next cell, left to right; a row is full after ncolumn of them. */
void sheet_text(struct sheet *, const char *text);                       /* "" is null for programs */
void sheet_number(struct sheet *, double value, const char *people);     /* NaN and infinite are null for programs */
/* Prints all rows: aligned, or one JSON object a line, or CSV (RFC 4180) with a heading. */
void sheet_print(const struct sheet *, enum sheet_format, FILE *);
void sheet_free(struct sheet *);

/* "1.661 ms" into out[16]; returns out. */
const char *people_time(double ns, char out[16]);
#endif
