# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp hadamard_quantize_kv_cpu_body.h
# The slots of a head begin one too early.
s/h \* p.cache_capacity +/h * (p.cache_capacity - 1) +/
s/h \* p->cache_capacity +/h * (p->cache_capacity - 1) +/
