/* What produced the results (provenance.h). */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include "harness/provenance.h"

uint64_t binary_hash(void)
{
    return file_hash("/proc/self/exe");
}

uint64_t file_hash(const char *path)
{
    FILE *f = fopen(path, "rb");
    XXH3_state_t *h = XXH3_createState();
    uint64_t hash = 0;
    if (f && h && XXH3_64bits_reset(h) == XXH_OK) {
        static const size_t CHUNK = 1 << 16;
        unsigned char *buf = malloc(CHUNK);
        for (size_t n; buf && (n = fread(buf, 1, CHUNK, f)) > 0; ) XXH3_64bits_update(h, buf, n);
        hash = XXH3_64bits_digest(h);
        free(buf);
    }
    XXH3_freeState(h);
    if (f) fclose(f);
    return hash;
}

static int make_folders(char *path)
{
    for (char *p = path + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        const int rc = mkdir(path, 0700);
        *p = '/';
        if (rc && errno != EEXIST) return -1;
    }
    return mkdir(path, 0700) && errno != EEXIST ? -1 : 0;
}

/* Ours alone: what lies there is loaded into drivers. */
static bool is_private(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 022) == 0;
}

const char *cache_folder(void)
{
    static char path[1024];
    const char *own = getenv("MXB_CACHE_DIR"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (own) snprintf(path, sizeof(path), "%s", own);
    else if (xdg && *xdg) snprintf(path, sizeof(path), "%s/mlxbench", xdg);
    else if (home && *home) snprintf(path, sizeof(path), "%s/.cache/mlxbench", home);
    else return NULL;
    if (!*path || make_folders(path) || access(path, W_OK) || !is_private(path)) return NULL;
    return path;
}
