/* Files embedded in the program beside kernel sources: gnuplot templates, the report's style and script. */
#ifndef MXB_ASSETS_H
#define MXB_ASSETS_H
#include "harness/source.h"

extern const struct embedded embedded_assets[];      /* generated, sorted by path */
extern const size_t embedded_asset_count;

/* Text of folder + name + suffix ("scripts/gnuplot/", "speed", ".gp"), malloc'ed.  MXB_ENOENT: no such asset. */
int asset_load(const char *folder, const char *name, const char *suffix, char **text);
/* Text of a file, at most 16 MiB, malloc'ed. */
int read_text_file(const char *path, char **text, char *err, size_t errlen);
#endif
