# file: kv_cache_copy.cl kv_cache_copy.comp kv_cache_copy_cpu_body.h
s/token >= p.n_tokens/token + 1 >= max(p.n_tokens, 2u)/
s/item < end \&\& p->n_tokens > 0; item++/item < end \&\& item \/ p->n_heads + (p->n_tokens > 1) < p->n_tokens; item++/
