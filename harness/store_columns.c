/* The columns of a table (store_columns.h). */
#include "harness/store_columns.h"
#include "harness/text.h"

#include <stdio.h>
#include <string.h>

int columns_of(sqlite3 *db, const char *table, const char *without, struct columns *c)
{
    sqlite3_stmt *s = NULL;
    c->n = 0;
    int rc = sqlite3_prepare_v2(db, "SELECT name FROM pragma_table_info(?) ORDER BY cid", -1, &s, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_bind_text(s, 1, table, -1, SQLITE_STATIC);
    while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(s, 0);
        rc = SQLITE_OK;
        if (text_has_word(without, name)) continue;
        if (c->n == COLUMNS_MAX || strlen(name) >= sizeof c->name[0]) rc = SQLITE_TOOBIG;
        else strcpy(c->name[c->n++], name);
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int columns_find(const struct columns *c, const char *name)
{
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->name[i], name) == 0) return i;
    return -1;
}

const char *columns_list(const struct columns *c, const char *prefix, char *out)
{
    size_t n = 0;
    out[0] = 0;
    for (int i = 0; i < c->n && n < COLUMNS_TEXT; i++)
        n += (size_t)snprintf(out + n, COLUMNS_TEXT - n, "%s%s%s", i ? ", " : "", prefix, c->name[i]);
    return out;
}
