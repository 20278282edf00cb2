# file: kv_cache_copy.cl kv_cache_copy.comp kv_cache_copy_cpu_body.h
s/p.seq_pos + token/token/g
s/pos = p->seq_pos + token/pos = token/
