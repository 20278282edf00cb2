# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp hadamard_quantize_kv_cpu_body.h
# The ring is one slot shorter.
s/position % p.cache_capacity/position % (p.cache_capacity - 1)/
s/position % p->cache_capacity/position % (p->cache_capacity - 1)/
