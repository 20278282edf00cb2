/* Kernel sources: embedded in the program, overlaid by --kernel-dir, flattened, compiled at run time when overlaid. */
#ifndef MXB_SOURCE_H
#define MXB_SOURCE_H
#include "harness/mxb_op.h"

struct embedded { const char *path; const unsigned char *data; size_t size; };   /* "kernels/common/mxb.cl.h" */
extern const struct embedded embedded_files[];   /* generated, sorted by path; kernel sources and public headers */
extern const size_t embedded_count;

/* Text of the file, from dir (NULL = none) if it holds it (as dir/<path>, or dir/<path without "kernels/">), else
 * embedded.  *overlaid says which.  *text is malloc'ed, NUL-terminated.  MXB_EINVAL: what dir holds is no file, or
 * cannot be read. */
int source_load(const char *dir, const char *path, char **text, bool *overlaid, char *err, size_t errlen);
/* The same with every #include "..." of a kernel file resolved in place, each file once. */
int source_flatten(const char *dir, const char *path, char **text, bool *overlaid, char *err, size_t errlen);
/* Checks that dir exists and holds at least one file that overlays an embedded one, and that all those can be read. */
int source_check_dir(const char *dir, char *err, size_t errlen);
uint64_t source_hash(const char *text);
#endif
