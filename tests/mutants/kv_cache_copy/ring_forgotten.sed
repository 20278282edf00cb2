# file: kv_cache_copy.cl kv_cache_copy.comp kv_cache_copy_cpu_body.h
# Slots run on behind the cache's end, into the next head or the guard zone.
s/ring ? (p.seq_pos + token) % p.capacity : //
s/ring ? pos % p->capacity : //
