/* What the files of the store share; nobody else includes it. */
#ifndef MXB_STORE_INTERNAL_H
#define MXB_STORE_INTERNAL_H
#include <sqlite3.h>

#include "harness/store.h"

enum store_stmt { STMT_BEGIN, STMT_COMMIT, STMT_ROLLBACK, STMT_FIND_CASE, STMT_ADD_CASE, STMT_DEVICE, STMT_RESULT,
                  STMT_ROUND, STMT_BLOB, STMT_COUNT };
enum { KNOWN_DEVICES = 16 };

struct known_device {                /* rows of this run's machine, so that a result need not look them up */
    char backend[32];
    bool present;                    /* false: the backend's row without a device */
    struct mxb_caps caps;
    int64_t id;
};
struct finished {                    /* a result that a resumed run had */
    uint64_t case_id;
    uint32_t def_version;
    int64_t device_id;
    char *suite;
    enum mxb_status status;
    bool taken;
};
struct store {
    sqlite3 *db;
    char *path;
    sqlite3_stmt *stmt[STMT_COUNT];  /* prepared on first use */
    int64_t run_id, machine_id;      /* run_id 0 = no run begun */
    struct known_device device[KNOWN_DEVICES];
    uint32_t ndevice;
    struct finished *finished;       /* by case_id */
    uint32_t nfinished;
};

int64_t store_now_ns(void);          /* since 1970-01-01 UTC */

/* The path so that SQLite takes it for a file of that name: ":memory:" and "file:x" mean something else to it. */
void store_plain_path(const char *path, char *out, size_t n);
/* For what is all or nothing: once run_interrupted is set, statements end with SQLITE_INTERRUPT. */
void store_watch_signals(sqlite3 *db);
/* MXB_EDB: the file is no longer where it was opened, and what is written to it would be lost. */
int store_in_place(const struct store *, char *err, size_t errlen);

/* Writes the one-line text "database 'path': what: why" of a failed SQLite call.  MXB_EINVAL: the file itself is at fault
 * (corrupt, read-only); MXB_EDB: disk, memory, another process. */
int store_fail(sqlite3 *db, const char *path, int rc, const char *what, char *err, size_t errlen);

/* Can the path be a database of ours that we may write?  Looks at the file with stat() and reads its first 100 bytes,
 * before SQLite may change anything.  *fresh: missing or empty. */
int store_check_file(const char *path, bool create, bool *fresh, char *err, size_t errlen);

/* Writes the refusal of a database that a later mlxbench made, and returns MXB_EINVAL. */
int store_too_new(const char *path, int64_t version, char *err, size_t errlen);

/* Binds the parameters of a statement in order; the first failure stays. */
struct binder { sqlite3_stmt *stmt; int at, rc; };
void bind_text(struct binder *, const char *text);       /* NULL as '' */
void bind_int(struct binder *, int64_t v);
void bind_real(struct binder *, double v);               /* NaN as NULL */
void bind_hash(struct binder *, uint64_t v);             /* 16 hex digits */
void bind_blob(struct binder *, void *data, size_t bytes);   /* takes over malloc'ed data, also when it fails */
/* Runs a statement without a result, or one that returns an id (id not NULL; 0 = it returned none), and resets it.
 * SQLite's code. */
int  bind_run(struct binder *, int64_t *id);

/* The row of a device of this run's machine, added if new; caps NULL: the backend had none.  SQLite's code. */
int  store_device(struct store *, const char *backend, const struct mxb_caps *caps, int64_t *id);

/* The row of a result's case, added if new.  *usual: the result's repro line is the one that the case keeps.  SQLite's
 * code. */
int  store_case(struct store *, const struct result_row *, int64_t *id, bool *usual);

/* Binds row ids of runs to ?1 as a JSON list, for json_each().  SQLite's code. */
int  store_bind_runs(sqlite3_stmt *, const int64_t *run, uint32_t nrun);

/* A statement without parameters.  SQLite's code. */
int  store_plain(struct store *, const char *sql);
/* Ends the transaction that the caller began, in the way that SQLite's code rc says.  0, or MXB_EDB with the text. */
int  store_finish(struct store *, int rc, const char *what, char *err, size_t errlen);

/* store_result() inside a transaction of the caller's.  SQLite's code. */
int  store_add_result(struct store *, const struct result_row *);

/* Rows of this computer and of what runs on it, added if new.  SQLite's code. */
int store_machine(sqlite3 *db, int64_t *machine_id, int64_t *env_id);
/* Frees what store_resume() has read. */
void store_forget_finished(struct store *);

/* Who are we, for the question whether a run's process is still alive. */
void store_boot_id(char out[64]);                        /* "" if unknown */
int64_t store_process_start(int64_t pid);                /* clock ticks after boot, 0 if there is no such process */
#endif
