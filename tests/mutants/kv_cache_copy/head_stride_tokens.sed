# file: kv_cache_copy.cl kv_cache_copy.comp kv_cache_copy_cpu_body.h
# Heads of the cache lie as far apart as tokens were copied.
s/head \* p.capacity + slot/head * p.n_tokens + slot/
s/head \* p->capacity + slot/head * p->n_tokens + slot/
