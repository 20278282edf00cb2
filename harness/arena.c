/* Memory that parent and workers share (arena.h). */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "harness/arena.h"
#include "harness/mxb_types.h"

#define KEEP_TOUCHED (256ull << 20)  /* bytes of used pages kept for the next problem */

int arena_new(struct arena *a)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), ram = (uint64_t)sysconf(_SC_PHYS_PAGES) * page;
    *a = (struct arena){ .size = ram / 10 * 8 / page * page };
    void *p = mmap(NULL, a->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return MXB_ENOMEM;
    a->base = p;
    return 0;
}

void arena_free(struct arena *a)
{
    if (a->base) munmap(a->base, a->size);
    *a = (struct arena){ 0 };
}

void *arena_alloc(struct arena *a, uint64_t bytes)
{
    const uint64_t need = (bytes + 63) / 64 * 64;
    if (need < bytes || need > a->size - a->used) return NULL;
    unsigned char *p = a->base + a->used;
    if (a->used < a->touched)        /* reused pages; fresh ones are zero already */
        memset(p, 0, need < a->touched - a->used ? need : a->touched - a->used);
    a->used += need;
    if (a->used > a->touched) a->touched = a->used;
    return p;
}

void *arena_page(struct arena *a)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), over = a->used % page;
    return over && !arena_alloc(a, page - over) ? NULL : a->base + a->used;
}

uint64_t arena_mark(const struct arena *a) { return a->used; }

void arena_release(struct arena *a, uint64_t mark)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), keep = mark > KEEP_TOUCHED ? mark : KEEP_TOUCHED;
    const uint64_t from = (keep + page - 1) / page * page;
    a->used = mark;
    if (a->touched > from && madvise(a->base + from, a->touched - from, MADV_REMOVE) == 0) a->touched = from;
}
