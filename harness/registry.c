/* The pipeline cache of one device (contract: registry.h). */
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include "harness/registry.h"

enum { MAX_KEY = 512 };

struct name_row { char *name; struct reg_source source; };
struct pipe_row {
    char *key;                       /* NULL once invalidated: the handle lives on, the key is free */
    struct mxb_pipe *pipe;
};

/* Open-addressing index over rows, by hash of the text. */
struct index { uint32_t *slot; uint32_t cap; };

struct registry {
    struct mxb_dev *dev;
    pthread_mutex_t lock;
    struct name_row *name; uint32_t nname, name_cap;
    struct pipe_row *pipe; uint32_t npipe, pipe_cap;
    struct index by_name, by_key;
    struct reg_counts counts;
};

static const char *row_text(const struct registry *r, const struct index *ix, uint32_t row)
{
    return ix == &r->by_name ? r->name[row].name : r->pipe[row].key;
}

/* Slot of `text`, or of the first empty place. */
static uint32_t index_slot(const struct registry *r, const struct index *ix, const char *text)
{
    uint32_t s = (uint32_t)XXH3_64bits(text, strlen(text)) & (ix->cap - 1);
    for (; ix->slot[s]; s = (s + 1) & (ix->cap - 1)) {
        const char *t = row_text(r, ix, ix->slot[s] - 1);
        if (t && strcmp(t, text) == 0) break;
    }
    return s;
}

static int64_t index_find(const struct registry *r, const struct index *ix, const char *text)
{
    if (!ix->cap) return -1;
    const uint32_t row = ix->slot[index_slot(r, ix, text)];
    return row ? (int64_t)row - 1 : -1;
}

static int index_rebuild(struct registry *r, struct index *ix, uint32_t nrow, uint32_t cap)
{
    uint32_t *slot = calloc(cap, sizeof(*slot));
    if (!slot) return MXB_ENOMEM;
    free(ix->slot);
    *ix = (struct index){ slot, cap };
    for (uint32_t i = 0; i < nrow; i++) {
        const char *t = row_text(r, ix, i);
        if (t) slot[index_slot(r, ix, t)] = i + 1;
    }
    return 0;
}

/* Makes room for one more row and its index slot. */
static int grow(struct registry *r, void **rows, size_t size, uint32_t n, uint32_t *cap, struct index *ix)
{
    if (n == *cap) {
        const uint32_t more = *cap ? *cap * 2 : 256;
        void *p = realloc(*rows, more * size);
        if (!p) return MXB_ENOMEM;
        *rows = p;
        *cap = more;
    }
    return 2 * (n + 1) > ix->cap ? index_rebuild(r, ix, n, ix->cap ? ix->cap * 2 : 1024) : 0;
}

int registry_new(struct mxb_dev *dev, struct registry **out)
{
    struct registry *r = calloc(1, sizeof(*r));
    if (!r) return MXB_ENOMEM;
    r->dev = dev;
    pthread_mutex_init(&r->lock, NULL);
    *out = r;
    return 0;
}

void registry_free(struct registry *r)
{
    if (!r) return;
    for (uint32_t i = 0; i < r->npipe; i++) {
        r->dev->be->destroy(r->dev, r->pipe[i].pipe);
        free(r->pipe[i].key);
    }
    for (uint32_t i = 0; i < r->nname; i++) free(r->name[i].name);
    free(r->pipe);
    free(r->name);
    free(r->by_name.slot);
    free(r->by_key.slot);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static bool is_identifier(const char *s)
{
    if (!isalpha((unsigned char)*s) && *s != '_') return false;
    while (*s && (isalnum((unsigned char)*s) || *s == '_')) s++;
    return *s == 0;
}

/* Drops the keys `name`, `name|...` and `name#...`; keeps the pipelines for those who hold them. */
static int invalidate(struct registry *r, const char *name)
{
    const size_t len = strlen(name);
    bool any = false;
    for (uint32_t i = 0; i < r->npipe; i++) {
        char *key = r->pipe[i].key;
        if (!key || strncmp(key, name, len) != 0 || (key[len] && key[len] != '|' && key[len] != '#')) continue;
        free(key);
        r->pipe[i].key = NULL;
        r->counts.cached--;
        any = true;
    }
    return any ? index_rebuild(r, &r->by_key, r->npipe, r->by_key.cap) : 0;
}

int registry_register(struct registry *r, const char *name, const struct reg_source *src, char *err, size_t errlen)
{
    int rc = 0;
    if (!is_identifier(name)) {
        snprintf(err, errlen, "Invalid argument: kernel name '%.60s' is not a C identifier", name);
        return MXB_EINVAL;
    }
    pthread_mutex_lock(&r->lock);
    const int64_t row = index_find(r, &r->by_name, name);
    if (row >= 0) {
        struct reg_source *old = &r->name[row].source;
        if (!src->content || src->content != old->content) rc = invalidate(r, name);
        *old = *src;
        goto out;
    }
    char *copy = strdup(name);
    rc = copy ? grow(r, (void **)&r->name, sizeof(*r->name), r->nname, &r->name_cap, &r->by_name) : MXB_ENOMEM;
    if (rc) {
        free(copy);
        goto out;
    }
    r->name[r->nname] = (struct name_row){ copy, *src };
    const uint32_t slot = index_slot(r, &r->by_name, name);
    r->by_name.slot[slot] = ++r->nname;
    r->counts.sources++;
out:
    pthread_mutex_unlock(&r->lock);
    if (rc) snprintf(err, errlen, "out of memory");
    return rc;
}

int registry_key(const struct reg_request *q, char *out, size_t n)
{
    int len = snprintf(out, n, "%s", q->name);
#define APPEND(...) len += snprintf((size_t)len < n ? out + len : NULL, (size_t)len < n ? n - (size_t)len : 0, __VA_ARGS__)
    for (uint32_t i = 0; i < q->nbool; i++) APPEND("|%u:b%d", q->bools[i].index, q->bools[i].value);
    for (uint32_t i = 0; i < q->nint; i++) APPEND("|%u:i%d", q->ints[i].index, q->ints[i].value);
    if (q->tuning && *q->tuning) APPEND("#%s", q->tuning);
#undef APPEND
    return len;
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Loads and compiles, with the lock held: that is what makes a key compile once under contention. */
static int build(struct registry *r, const struct reg_request *q, const char *key, struct mxb_pipe **out, double *ns,
                 char *err, size_t errlen)
{
    const int64_t row = index_find(r, &r->by_name, q->name);
    if (row < 0) {
        snprintf(err, errlen, "Kernel not found: %s", q->name);
        return MXB_ENOENT;
    }
    const struct reg_source *src = &r->name[row].source;
    struct mxb_shader shader = { .label = key };
    struct mxb_pipe *pipe = NULL;
    void *hold = NULL;
    char *copy = NULL;
    char why[sizeof(r->dev->err)] = "";
    const double t0 = now_ns();
    int rc = src->load(src, q, &shader, &hold, why, sizeof(why));
    shader.label = key;
    if (rc == 0) {
        rc = r->dev->be->compile(r->dev, &shader, &pipe);
        if (rc) snprintf(why, sizeof(why), "%s", r->dev->err);
    }
    if (src->unload) src->unload(hold);
    if (rc) {
        snprintf(err, errlen, "%s: %s", q->name, why);
        return rc;
    }
    copy = strdup(key);
    rc = copy ? grow(r, (void **)&r->pipe, sizeof(*r->pipe), r->npipe, &r->pipe_cap, &r->by_key) : MXB_ENOMEM;
    if (rc) {
        r->dev->be->destroy(r->dev, pipe);
        free(copy);
        snprintf(err, errlen, "%s: out of memory", q->name);
        return rc;
    }
    r->pipe[r->npipe] = (struct pipe_row){ copy, pipe };
    const uint32_t slot = index_slot(r, &r->by_key, key);
    r->by_key.slot[slot] = ++r->npipe;
    *ns = now_ns() - t0;
    r->counts.cached++;
    r->counts.compiles++;
    r->counts.compile_ns += *ns;
    *out = pipe;
    return 0;
}

int registry_request(struct registry *r, const struct reg_request *q, struct mxb_pipe **out, double *compile_ns,
                     char *err, size_t errlen)
{
    char key[MAX_KEY];
    double ns = 0;
    int rc = 0;
    if (registry_key(q, key, sizeof(key)) >= (int)sizeof(key)) {
        snprintf(err, errlen, "Invalid argument: the cache key of %s is longer than %d characters", q->name, MAX_KEY);
        return MXB_EINVAL;
    }
    pthread_mutex_lock(&r->lock);
    const int64_t row = index_find(r, &r->by_key, key);
    if (row >= 0) {
        r->counts.hits++;
        *out = r->pipe[row].pipe;
    } else {
        rc = build(r, q, key, out, &ns, err, errlen);
        if (rc) r->counts.failures++;
    }
    pthread_mutex_unlock(&r->lock);
    if (compile_ns) *compile_ns = ns;
    return rc;
}

int registry_get_constants(struct registry *r, const char *name, const struct reg_bool *b, uint32_t nbool,
                           const struct reg_int *i, uint32_t nint, struct mxb_pipe **out, char *err, size_t errlen)
{
    const struct reg_request q = { .name = name, .bools = b, .nbool = nbool, .ints = i, .nint = nint };
    return registry_request(r, &q, out, NULL, err, errlen);
}

int registry_get_bools(struct registry *r, const char *name, const struct reg_bool *b, uint32_t nbool,
                       struct mxb_pipe **out, char *err, size_t errlen)
{
    return registry_get_constants(r, name, b, nbool, NULL, 0, out, err, errlen);
}

int registry_get(struct registry *r, const char *name, struct mxb_pipe **out, char *err, size_t errlen)
{
    return registry_get_constants(r, name, NULL, 0, NULL, 0, out, err, errlen);
}

bool registry_is_cached(struct registry *r, const char *key)
{
    pthread_mutex_lock(&r->lock);
    const bool yes = index_find(r, &r->by_key, key) >= 0;
    pthread_mutex_unlock(&r->lock);
    return yes;
}

const char *registry_label(struct registry *r, const struct mxb_pipe *pipe)
{
    const char *label = NULL;
    pthread_mutex_lock(&r->lock);
    for (uint32_t i = 0; i < r->npipe && !label; i++)
        if (r->pipe[i].pipe == pipe) label = r->pipe[i].key;
    pthread_mutex_unlock(&r->lock);
    return label;
}

struct reg_counts registry_counts(struct registry *r)
{
    pthread_mutex_lock(&r->lock);
    const struct reg_counts c = r->counts;
    pthread_mutex_unlock(&r->lock);
    return c;
}
