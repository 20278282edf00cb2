/* The database's tables, and how an older database becomes a current one. */
#ifndef MXB_STORE_SCHEMA_H
#define MXB_STORE_SCHEMA_H
#include <sqlite3.h>
#include <stddef.h>

enum { STORE_APPLICATION_ID = 0x4D4C5842 };   /* 'MLXB' in PRAGMA application_id */

/* schema_step[v] is the SQL that turns version v into v + 1; version 0 has no tables.  Released steps never change. */
extern const char *const schema_step[];
extern const int schema_version;               /* number of steps: what this program reads and writes */

/* Brings the database to version `nstep`: each step is one transaction, so that a crash leaves a whole version behind.
 * A database that holds anything is first copied to "<path>.v<version>-<time>-<process>.bak".  Another process may do
 * the same at once.  MXB_EDB with the text in err: nothing or only whole steps have happened. */
int schema_upgrade(sqlite3 *db, const char *path, const char *const *step, int nstep, char *err, size_t errlen);

/* First column of the first row, or `missing`: PRAGMAs and counts. */
long long schema_number(sqlite3 *db, const char *sql, long long missing);
#endif
