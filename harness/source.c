/* Kernel sources: embedded text, the --kernel-dir overlay, and flattening of #include lines. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include "harness/source.h"

static int compare_path(const void *key, const void *row)
{
    return strcmp(key, ((const struct embedded *)row)->path);
}

static const struct embedded *embedded_find(const char *path)
{
    return bsearch(path, embedded_files, embedded_count, sizeof(embedded_files[0]), compare_path);
}

/* NULL if it is no file, or one that may not be read; `why` then says so. */
static FILE *open_file(const char *path, const char **why)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);    /* a pipe would wait for its writer */
    FILE *f = NULL;
    *why = "not a regular file";
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) f = fdopen(fd, "rb");
    if (fd < 0) *why = strerror(errno);
    else if (!f) close(fd);
    return f;
}

/* The places where a user may put an overlay of `path`, most specific first.  *out NULL: there is none.  What is there
 * but cannot be read is an error: the built-in kernel must not be taken for it. */
static int overlay_open(const char *dir, const char *path, FILE **out, char *err, size_t errlen)
{
    const char *tail[3] = { path, NULL, strrchr(path, '/') }, *why;
    *out = NULL;
    if (strncmp(path, "kernels/", 8) == 0) tail[1] = path + 8;
    if (tail[2]) tail[2]++;
    for (size_t i = 0; i < MXB_COUNT(tail); i++) {
        char full[4096];
        struct stat st;
        if (!tail[i] || snprintf(full, sizeof(full), "%s/%s", dir, tail[i]) >= (int)sizeof(full)) continue;
        if (lstat(full, &st) != 0 && (errno == ENOENT || errno == ENOTDIR)) continue;
        *out = open_file(full, &why);
        if (*out) return 0;
        snprintf(err, errlen, "%s: %s", full, why);
        return MXB_EINVAL;
    }
    return 0;
}

static int read_all(FILE *f, char **text)
{
    size_t n = 0, cap = 1 << 16;
    char *buf = malloc(cap);
    while (buf) {
        n += fread(buf + n, 1, cap - n - 1, f);
        if (n + 1 < cap) break;
        char *more = realloc(buf, cap *= 2);
        if (!more) free(buf);
        buf = more;
    }
    fclose(f);
    if (!buf) return MXB_ENOMEM;
    buf[n] = 0;
    *text = buf;
    return 0;
}

int source_load(const char *dir, const char *path, char **text, bool *overlaid, char *err, size_t errlen)
{
    FILE *f = NULL;
    int rc = dir ? overlay_open(dir, path, &f, err, errlen) : 0;
    if (overlaid) *overlaid = f || rc;
    if (rc) return rc;
    if (f) {
        rc = read_all(f, text);
        if (rc) snprintf(err, errlen, "out of memory reading %s", path);
        return rc;
    }
    const struct embedded *e = embedded_find(path);
    if (!e) {
        snprintf(err, errlen, "Kernel not found: no source %s", path);
        return MXB_ENOENT;
    }
    char *copy = malloc(e->size + 1);
    if (!copy) {
        snprintf(err, errlen, "out of memory reading %s", path);
        return MXB_ENOMEM;
    }
    memcpy(copy, e->data, e->size);
    copy[e->size] = 0;
    *text = copy;
    return 0;
}

int source_check_dir(const char *dir, char *err, size_t errlen)
{
    struct stat st;
    if (stat(dir, &st) != 0) {
        snprintf(err, errlen, "--kernel-dir %s: %s", dir, strerror(errno));
        return MXB_EINVAL;
    }
    if (!S_ISDIR(st.st_mode)) {
        snprintf(err, errlen, "--kernel-dir %s: not a directory", dir);
        return MXB_EINVAL;
    }
    bool any = false;
    for (size_t i = 0; i < embedded_count; i++) {
        FILE *f;
        char why[MXB_ERRLEN];
        if (overlay_open(dir, embedded_files[i].path, &f, why, sizeof(why))) {
            snprintf(err, errlen, "--kernel-dir %s", why);
            return MXB_EINVAL;
        }
        any |= f != NULL;
        if (f) fclose(f);
    }
    if (any) return 0;
    snprintf(err, errlen, "--kernel-dir %s: holds no kernel source (expected a file such as %s/%s)", dir, dir,
             embedded_count ? embedded_files[embedded_count - 1].path : "kernels/...");
    return MXB_EINVAL;
}

uint64_t source_hash(const char *text)
{
    return XXH3_64bits(text, strlen(text));
}

/* ---- flattening ---- */

enum { MAX_INCLUDES = 32 };

struct flat {
    const char *dir;
    FILE *out;
    char seen[MAX_INCLUDES][256];    /* files already inlined: each once */
    int nseen;
    bool overlaid;
    char *err; size_t errlen;
};

static int flatten_file(struct flat *f, const char *path, int depth);

/* An #include "..." line: inlines the file.  Returns 1 if the line is none. */
static int flatten_include(struct flat *f, const char *line, const char *path, int number, int depth)
{
    char name[256];
    const char *p = line + strspn(line, " \t");
    if (*p != '#') return 1;
    p += 1 + strspn(p + 1, " \t");
    if (sscanf(p, "include \"%255[^\"]\"", name) != 1) return 1;
    for (int i = 0; i < f->nseen; i++)
        if (strcmp(f->seen[i], name) == 0) return 0;
    if (depth > 8 || f->nseen == MAX_INCLUDES) {
        snprintf(f->err, f->errlen, "%s:%d: includes nest too deep", path, number);
        return MXB_EINVAL;
    }
    snprintf(f->seen[f->nseen++], sizeof(f->seen[0]), "%s", name);
    fprintf(f->out, "#line 1 \"%s\"\n", name);
    int rc = flatten_file(f, name, depth + 1);
    fprintf(f->out, "#line %d \"%s\"\n", number + 1, path);
    return rc;
}

static int flatten_file(struct flat *f, const char *path, int depth)
{
    char *text = NULL;
    bool over = false;
    int rc = source_load(f->dir, path, &text, &over, f->err, f->errlen);
    if (rc) return rc;
    f->overlaid |= over;
    int number = 1;
    for (char *line = text; line && *line && rc == 0; number++) {
        char *end = strchr(line, '\n');
        if (end) *end = 0;
        rc = flatten_include(f, line, path, number, depth);
        if (rc == 1) {
            fprintf(f->out, "%s\n", line);
            rc = 0;
        }
        line = end ? end + 1 : NULL;
    }
    free(text);
    return rc;
}

int source_flatten(const char *dir, const char *path, char **text, bool *overlaid, char *err, size_t errlen)
{
    struct flat f = { .dir = dir, .err = err, .errlen = errlen };
    size_t size = 0;
    *text = NULL;
    f.out = open_memstream(text, &size);
    if (!f.out) {
        snprintf(err, errlen, "out of memory");
        return MXB_ENOMEM;
    }
    int rc = flatten_file(&f, path, 0);
    if (fclose(f.out) != 0 && rc == 0) {
        snprintf(err, errlen, "out of memory");
        rc = MXB_ENOMEM;
    }
    if (rc) {
        free(*text);
        *text = NULL;
    }
    if (overlaid) *overlaid = f.overlaid;
    return rc;
}
