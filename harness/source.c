/* Kernel sources: embedded text or that of an overlay, and flattening of #include lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

bool source_built_in(const char *path) { return embedded_find(path) != NULL; }

int source_load(const struct overlay *over, const char *path, char **text, bool *overlaid, char *err, size_t errlen)
{
    const char *const mine = overlay_text(over, path);
    const struct embedded *e = mine ? NULL : embedded_find(path);
    if (overlaid) *overlaid = mine != NULL;
    if (!mine && !e) {
        snprintf(err, errlen, "Kernel not found: no source %s", path);
        return MXB_ENOENT;
    }
    *text = mine ? strdup(mine) : strndup((const char *)e->data, e->size);
    if (*text) return 0;
    snprintf(err, errlen, "out of memory reading %s", path);
    return MXB_ENOMEM;
}

uint64_t source_hash(const char *text)
{
    return XXH3_64bits(text, strlen(text));
}

/* ---- flattening ---- */

enum { MAX_INCLUDES = 32 };

struct flat {
    const struct overlay *over;
    FILE *out;
    char seen[MAX_INCLUDES][256];    /* files already inlined: each once */
    int nseen;
    bool overlaid;
    char *err; size_t errlen;
};

static int flatten_file(struct flat *f, const char *path, int depth);

bool source_include(const char *line, char *name, size_t n)
{
    const char *p = line + strspn(line, " \t");
    if (*p != '#') return false;
    p += 1 + strspn(p + 1, " \t");
    if (strncmp(p, "include", 7) != 0) return false;
    p += 7 + strspn(p + 7, " \t");
    const size_t len = *p == '"' ? strcspn(p + 1, "\"\n") : 0;
    return len > 0 && p[1 + len] == '"' && (size_t)snprintf(name, n, "%.*s", (int)len, p + 1) < n;
}

/* An #include "..." line: inlines the file.  Returns 1 if the line is none. */
static int flatten_include(struct flat *f, const char *line, const char *path, int number, int depth)
{
    char name[sizeof(f->seen[0])];
    if (!source_include(line, name, sizeof(name))) return 1;
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
    int rc = source_load(f->over, path, &text, &over, f->err, f->errlen);
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

int source_flatten(const struct overlay *over, const char *path, char **text, bool *overlaid, char *err, size_t errlen)
{
    struct flat f = { .over = over, .err = err, .errlen = errlen };
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
