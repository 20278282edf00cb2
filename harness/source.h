/* Kernel sources: embedded in the program, overlaid by --kernel-dir (overlay.h), flattened. */
#ifndef MXB_SOURCE_H
#define MXB_SOURCE_H
#include "harness/mxb_op.h"
#include "harness/overlay.h"

struct embedded { const char *path; const unsigned char *data; size_t size; };   /* "kernels/common/mxb.cl.h" */
extern const struct embedded embedded_files[];   /* generated, sorted by path; kernel sources and public headers */
extern const size_t embedded_count;

/* Text of the file: the overlay's (NULL = none) if it has one, else the embedded one.  *overlaid says which.  *text is
 * malloc'ed, NUL-terminated.  MXB_ENOENT: neither has it. */
int source_load(const struct overlay *, const char *path, char **text, bool *overlaid, char *err, size_t errlen);
/* The same with every #include "..." of a kernel file resolved in place, each file once. */
int source_flatten(const struct overlay *, const char *path, char **text, bool *overlaid, char *err, size_t errlen);
bool source_built_in(const char *path);          /* is embedded */
/* Name of the file that an #include "..." line asks for; false: it is no such line, or the name does not fit. */
bool source_include(const char *line, char *name, size_t n);
uint64_t source_hash(const char *text);
#endif
