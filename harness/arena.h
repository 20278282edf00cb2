/* Memory that parent and workers share at the same addresses: inputs, outputs, plans, jobs and timings pass through it. */
#ifndef MXB_ARENA_H
#define MXB_ARENA_H
#include <stddef.h>
#include <stdint.h>

struct arena { unsigned char *base; uint64_t size, used, touched; };

/* Reserves address space for most of the machine's memory; pages are taken on first use. */
int   arena_new(struct arena *);
void  arena_free(struct arena *);
/* Zeroed, 64-byte aligned; NULL = full.  bytes 0 gives a valid pointer. */
void *arena_alloc(struct arena *, uint64_t bytes);
/* Address of the next allocation, moved up to a whole page; NULL = full. */
void *arena_page(struct arena *);
/* Stack discipline: everything allocated after the mark is given back, large pieces also to the system. */
uint64_t arena_mark(const struct arena *);
void  arena_release(struct arena *, uint64_t mark);
#endif
