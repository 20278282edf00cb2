/* Files embedded in the program beside kernel sources (assets.h). */
#include "harness/assets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/file.h"

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
    char why[MXB_ERRLEN];
    size_t len;
    int fd, rc = file_open(path, &fd, why, sizeof(why));
    if (rc == 0) {
        rc = file_read(fd, LIMIT, text, &len, why, sizeof(why));
        close(fd);
    }
    if (rc == 0) return 0;
    snprintf(err, errlen, "cannot read '%.300s': %.600s", path, why);
    return MXB_EINVAL;
}
