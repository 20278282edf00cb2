/* The files of --kernel-dir, read once (overlay.h). */
#include "harness/overlay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "harness/file.h"
#include "harness/source.h"

enum { MOST_BYTES = 16 << 20,        /* of one file */
       MOST_FILES = 1000 };

struct overlaid { char *path, *text; size_t len; };

struct overlay {
    const char *dir;                 /* while reading */
    struct overlaid *file; size_t n;
};

const char *overlay_text(const struct overlay *o, const char *path)
{
    for (size_t i = 0; o && i < o->n; i++)
        if (strcmp(o->file[i].path, path) == 0) return o->file[i].text;
    return NULL;
}

uint64_t overlay_hash(const struct overlay *o)
{
    uint64_t h = 0;
    for (size_t i = 0; o && i < o->n; i++) {
        h = XXH3_64bits_withSeed(o->file[i].path, strlen(o->file[i].path), h);
        h = XXH3_64bits_withSeed(o->file[i].text, o->file[i].len, h);
    }
    return h;
}

void overlay_free(struct overlay *o)
{
    if (!o) return;
    for (size_t i = 0; i < o->n; i++) {
        free(o->file[i].path);
        free(o->file[i].text);
    }
    free(o->file);
    free(o);
}

static int no_memory(char *err, size_t errlen)
{
    snprintf(err, errlen, "out of memory");
    return MXB_ENOMEM;
}

static int keep(struct overlay *o, const char *path, char *text, size_t len)
{
    struct overlaid *more = realloc(o->file, (o->n + 1) * sizeof(*more));
    if (more) o->file = more;
    char *name = more ? strdup(path) : NULL;
    if (!name) return MXB_ENOMEM;
    o->file[o->n++] = (struct overlaid){ name, text, len };
    return 0;
}

/* The file `full` in the place of `path`. */
static int add_file(struct overlay *o, const char *path, const char *full, char *err, size_t errlen)
{
    char why[MXB_ERRLEN], *text = NULL;
    size_t len = 0;
    int fd = -1, rc = file_open(full, &fd, why, sizeof(why));
    if (rc == 0) rc = file_read(fd, MOST_BYTES, &text, &len, why, sizeof(why));
    if (fd >= 0) close(fd);
    if (rc == 0 && strlen(text) != len) {
        snprintf(why, sizeof(why), "not a text file (NUL byte)");
        rc = MXB_EINVAL;
    }
    if (rc == 0 && o->n == MOST_FILES) {
        snprintf(why, sizeof(why), "the %dth file of an overlay", MOST_FILES + 1);
        rc = MXB_EINVAL;
    }
    if (rc == 0) rc = keep(o, path, text, len);
    if (rc == 0) return 0;
    free(text);
    if (rc == MXB_ENOMEM) return no_memory(err, errlen);
    snprintf(err, errlen, "--kernel-dir %s: %s", full, why);
    return MXB_EINVAL;
}

/* What is there but cannot be read is an error: the built-in kernel must not be taken for it. */
static int add_if_there(struct overlay *o, const char *path, char *err, size_t errlen)
{
    const char *tail[3] = { path, NULL, strrchr(path, '/') };
    if (strncmp(path, "kernels/", 8) == 0) tail[1] = path + 8;
    if (tail[2]) tail[2]++;
    for (size_t i = 0; i < MXB_COUNT(tail); i++) {
        char full[4096];
        struct stat st;
        if (!tail[i] || snprintf(full, sizeof(full), "%s/%s", o->dir, tail[i]) >= (int)sizeof(full)) continue;
        if (lstat(full, &st) != 0 && (errno == ENOENT || errno == ENOTDIR)) continue;
        return add_file(o, path, full, err, errlen);
    }
    return 0;
}

/* Files of the user's own, which no built-in path names. */
static int add_includes(struct overlay *o, size_t of, char *err, size_t errlen)
{
    char name[256];
    int rc = 0;
    for (const char *line = o->file[of].text; line && rc == 0; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (source_include(line, name, sizeof(name)) && !source_built_in(name) && !overlay_text(o, name))
            rc = add_if_there(o, name, err, errlen);
    }
    return rc;
}

static int check_folder(const char *dir, char *err, size_t errlen)
{
    struct stat st;
    if (stat(dir, &st) != 0) snprintf(err, errlen, "--kernel-dir %s: %s", dir, strerror(errno));
    else if (!S_ISDIR(st.st_mode)) snprintf(err, errlen, "--kernel-dir %s: not a directory", dir);
    else return 0;
    return MXB_EINVAL;
}

int overlay_read(const char *dir, struct overlay **out, char *err, size_t errlen)
{
    struct overlay *o = calloc(1, sizeof(*o));
    *out = NULL;
    int rc = o ? check_folder(dir, err, errlen) : no_memory(err, errlen);
    if (rc == 0) o->dir = dir;
    for (size_t i = 0; i < embedded_count && rc == 0; i++) rc = add_if_there(o, embedded_files[i].path, err, errlen);
    for (size_t i = 0; rc == 0 && i < o->n; i++) rc = add_includes(o, i, err, errlen);
    if (rc == 0 && o->n == 0) {
        snprintf(err, errlen, "--kernel-dir %s: holds no kernel source (expected a file such as %s/%s)", dir, dir,
                 embedded_count ? embedded_files[embedded_count - 1].path : "kernels/...");
        rc = MXB_EINVAL;
    }
    if (rc) overlay_free(o);
    else *out = o;
    return rc;
}
