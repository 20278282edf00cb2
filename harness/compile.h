/* Runs the system's compilers on overlaid kernel sources: glslc for GLSL, cc for C. */
#ifndef MXB_COMPILE_H
#define MXB_COMPILE_H
#include <stddef.h>
#include "harness/overlay.h"

/* GLSL text to SPIR-V in malloc'ed memory.  MXB_ECOMPILE with the compiler's log in err; MXB_EUNSUP if glslc is missing. */
int compile_glsl(const char *text, const char *name, const char *defines, void **spirv, size_t *bytes, char *err, size_t errlen);
/* C source at tree/<path> into a shared object that is opened with dlopen; flags by the file's suffix (_avx2, _avx512). */
int compile_c(const char *tree, const char *path, void **handle, char *err, size_t errlen);
/* A private folder holding all embedded kernel sources and public headers, those of the overlay (NULL = none) in their place; tree_remove() of temp.h
 * removes it. */
int tree_make(const struct overlay *, char *tree, size_t treelen, char *err, size_t errlen);
#endif
