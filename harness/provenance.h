/* What produced the results: version, revision, binary; and where caches live. */
#ifndef MXB_PROVENANCE_H
#define MXB_PROVENANCE_H
#include <stdint.h>
#ifndef MXB_VERSION
#define MXB_VERSION "0.1.0"
#endif
#include "gen/revision.h"            /* MXB_COMMIT, MXB_BRANCH, MXB_DIRTY: written by the build */

uint64_t binary_hash(void);          /* XXH3 of the running program's file; 0 = unreadable */
uint64_t file_hash(const char *path);
/* Folder of compiled-kernel caches: $MXB_CACHE_DIR, $XDG_CACHE_HOME/mlxbench or ~/.cache/mlxbench, made when missing;
 * NULL = none: MXB_CACHE_DIR is set but empty, the folder cannot be written, or others than its owner can. */
const char *cache_folder(void);
#endif
