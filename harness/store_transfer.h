/* Moves stored results between databases and files; the formats are in docs/results.md. */
#ifndef MXB_STORE_TRANSFER_H
#define MXB_STORE_TRANSFER_H
#include <stdio.h>

#include "harness/store.h"

enum { TRANSFER_VERSION = 2 };       /* of the JSON lines; 1 had no rooflines, and is read too */
struct transfer_count {
    uint32_t runs, results, known;
}; /* runs moved, their results, runs that were there already */

/* Runs (row ids; NULL = all finished ones) with results, rounds, samples and the rooflines of their devices (NULL: of
 * all) as JSON lines; nothing of them is lost.
 * MXB_EINVAL: the file could not be written. */
int store_export(struct store *, const int64_t *run, uint32_t nrun, FILE *, struct transfer_count *, char *err,
                 size_t errlen);
/* The rows of v_result as CSV. */
int store_export_csv(struct store *, const int64_t *run, uint32_t nrun, FILE *, struct transfer_count *, char *err,
                     size_t errlen);

/* Reads what store_export() wrote, and lines of outside programs.  All of the file or nothing; runs that are there
 * already are passed over.  The file can be read twice.  name: of the file, for messages.  MXB_EPARSE: "file:line:column: what is wrong". */
int store_import(struct store *, FILE *, const char *name, struct transfer_count *, char *err, size_t errlen);

/* Copies the runs and rooflines of another database that are not there, and results that a known run has got since.
 * Nothing in the other file changes; an older one is brought up to date in a copy.  MXB_EINVAL, MXB_ENOENT, MXB_EDB as
 * store_open(). */
int store_merge(struct store *, const char *other, struct transfer_count *, char *err, size_t errlen);

/* Keeps the newest `keep` timed results of each case, device and branch, and deletes the older ones with their rounds;
 * results without a time go with the last of their run's timed ones.  samples_only: only the samples of the older ones
 * are deleted. dry: only counts.  Afterwards the file is made as small as it can be. */
struct prune_count { uint32_t results, runs, blobs; int64_t bytes_before, bytes_after; };
int store_prune(struct store *, uint32_t keep, bool samples_only, bool dry, struct prune_count *, char *err,
                size_t errlen);
#endif
