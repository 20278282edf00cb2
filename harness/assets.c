/* Files embedded in the program beside kernel sources (assets.h). */
#include "harness/assets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int asset_load(const char *folder, const char *name, const char *suffix, char **text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s%s%s", folder, name, suffix);
    for (size_t i = 0; i < embedded_asset_count; i++) {
        const struct embedded *e = &embedded_assets[i];
        if (strcmp(e->path, path) != 0) continue;
        *text = malloc(e->size + 1);
        if (!*text) return MXB_ENOMEM;
        memcpy(*text, e->data, e->size + 1);         /* a NUL follows the data */
        return 0;
    }
    return MXB_ENOENT;
}

int read_text_file(const char *path, char **text, char *err, size_t errlen)
{
    enum { LIMIT = 16 << 20 };
    FILE *f = fopen(path, "re");
    char *buf = f ? malloc(LIMIT + 1) : NULL;
    const size_t n = buf ? fread(buf, 1, LIMIT + 1, f) : 0;
    const bool bad = !buf || ferror(f) || n > LIMIT;
    if (bad) snprintf(err, errlen, "cannot read '%.300s': %s", path, n > LIMIT ? "more than 16 MiB" : strerror(errno));
    if (f) fclose(f);
    if (bad) {
        free(buf);
        return MXB_EINVAL;
    }
    buf[n] = 0;
    *text = buf;
    return 0;
}
