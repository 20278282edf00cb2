# file: kv_cache_copy.cl kv_cache_copy.comp kv_cache_copy_cpu_body.h
# The position is wrapped, the token's place behind it is not.
s/(p.seq_pos + token) % p.capacity/p.seq_pos % p.capacity + token/
s/ring ? pos % p->capacity/ring ? p->seq_pos % p->capacity + token/
