/* What the two readers of an import file share; nobody else includes it. */
#ifndef MXB_STORE_IMPORT_H
#define MXB_STORE_IMPORT_H
#include <json-c/json.h>

#include "harness/store_columns.h"
#include "harness/store_internal.h"
#include "harness/store_transfer.h"

struct import_run {
    char uuid[64];
    int64_t id, machine_id;
}; /* id 0: was there already, its results are passed over */
struct importer {
    struct store *st;
    FILE *file;
    const char *name;                /* of the file */
    unsigned line;
    const char *text;                /* of the line, for the column of a message */
    struct import_run *run; size_t nrun;
    struct import_run peer;          /* run of the file's outside results; uuid "" = none yet */
    struct transfer_count *count;
    char *err; size_t errlen;
};

/* A member; NULL if it is missing, or null, or `object` is none. */
struct json_object *import_member(struct json_object *object, const char *key);
/* Its text; NULL if it is missing or no text. */
const char *import_text(struct json_object *object, const char *key);

/* Writes "file:line:column: text", the column being that of "key" in the line, 1 if it is not there.  Returns
 * MXB_EPARSE. */
int import_fault(const struct importer *, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* "unknown member 'x', did you mean ...": MXB_EPARSE. */
int import_unknown(const struct importer *, const char *key, const char *const *known, size_t n);
/* The text of a failed SQLite call on this line; a broken constraint is the line's fault. */
int import_sql_fault(const struct importer *, int rc, const char *what);
/* Inserts the members of an object as a row: each must be a column, but those in `nested` are passed over.  fixed:
 * names and values of the references.  unique: a row that is there already is no error.  *id: the row's. */
struct import_fixed { const char *name; int64_t value; };
int import_row(struct importer *, const char *table, struct json_object *object, const char *nested,
               const struct import_fixed *fixed, int nfixed, bool unique, int64_t *id);
/* Of the whole file: names the run of its outside results, so that the same file does not come in twice. */
int import_file_hash(const struct importer *, uint64_t out[2]);
/* A line {"backend": "peer:...", ...} of an outside program. */
int import_peer(struct importer *, struct json_object *line);
#endif
