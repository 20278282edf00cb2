/* The columns of the tables as the database knows them, so that what is moved is never less than what is stored. */
#ifndef MXB_STORE_COLUMNS_H
#define MXB_STORE_COLUMNS_H
#include <sqlite3.h>
#include <stdbool.h>

enum { COLUMNS_MAX = 64, COLUMNS_TEXT = 2048 };
struct columns {
    int n;
    char name[COLUMNS_MAX][32];
};
/* All but the blank-separated names in `without` (the row's own id and references).  SQLite's code. */
int  columns_of(sqlite3 *, const char *table, const char *without, struct columns *);
int  columns_find(const struct columns *, const char *name);     /* -1 = none */
/* "p.a, p.b, ..." with a prefix ("" = none) into out[COLUMNS_TEXT]; returns out. */
const char *columns_list(const struct columns *, const char *prefix, char *out);
#endif
