/* Memory that is freed together: a suite's tree, its cases. */
#ifndef MXB_SUITE_POOL_H
#define MXB_SUITE_POOL_H
#include <stddef.h>

struct pool { struct pool_chunk *chunk; struct pool_hook *hook; };   /* all zero = empty */

/* n zeroed bytes, aligned to 8, alive until the pool is freed.  NULL = no memory; n 0 gives a valid pointer. */
void *pool_alloc(struct pool *, size_t n);
char *pool_text(struct pool *, const char *s, size_t n);   /* copy, NUL-terminated */
/* Has fn(p) called by pool_free(); on failure (MXB_ENOMEM) calls it at once. */
int   pool_defer(struct pool *, void (*fn)(void *), void *p);
void  pool_reset(struct pool *);                           /* empty again, keeps one chunk for the next use */
void  pool_free(struct pool *);                            /* empty and usable */
#endif
