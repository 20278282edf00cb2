# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp hadamard_quantize_kv_cpu_body.h
# A ring is written at the position instead of the slot.
s/position % p.cache_capacity/position/
s/position % p->cache_capacity/position/
