/* Pools: chunks from malloc, freed together. */
#include "harness/suite_pool.h"
#include "harness/mxb_types.h"
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 8 << 10, CHUNK_MAX = 1 << 20 };

struct pool_chunk {
    struct pool_chunk *next;
    size_t used, size;               /* bytes of data */
    _Alignas(8) char data[];
};
struct pool_hook {
    struct pool_hook *next;
    void (*fn)(void *);
    void *p;
};

void *pool_alloc(struct pool *a, size_t n)
{
    struct pool_chunk *c = a->chunk;
    if (n > SIZE_MAX / 2) return NULL;
    n = (n + 7) & ~(size_t)7;
    if (!c || c->size - c->used < n) {
        size_t size = c ? c->size * 2 : CHUNK_BYTES;
        if (size > CHUNK_MAX) size = CHUNK_MAX;
        if (size < n) size = n;
        c = malloc(sizeof *c + size);
        if (!c) return NULL;
        *c = (struct pool_chunk){ .next = a->chunk, .size = size };
        a->chunk = c;
    }
    void *p = c->data + c->used;
    c->used += n;
    return memset(p, 0, n);
}

char *pool_text(struct pool *a, const char *s, size_t n)
{
    char *p = pool_alloc(a, n + 1);
    if (p) memcpy(p, s, n);
    return p;
}

int pool_defer(struct pool *a, void (*fn)(void *), void *p)
{
    struct pool_hook *h = pool_alloc(a, sizeof *h);
    if (!h) {
        fn(p);
        return MXB_ENOMEM;
    }
    *h = (struct pool_hook){ a->hook, fn, p };
    a->hook = h;
    return 0;
}

void pool_reset(struct pool *a)
{
    for (struct pool_hook *h = a->hook; h; h = h->next) h->fn(h->p);
    a->hook = NULL;
    while (a->chunk && a->chunk->next) {
        struct pool_chunk *c = a->chunk;
        a->chunk = c->next;
        free(c);
    }
    if (a->chunk) a->chunk->used = 0;
}

void pool_free(struct pool *a)
{
    pool_reset(a);
    free(a->chunk);
    a->chunk = NULL;
}
