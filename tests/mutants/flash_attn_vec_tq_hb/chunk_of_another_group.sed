# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp flash_attn_vec_tq_hb_cpu_body.h
# A group takes the chunks of the next.
s/base = g \* KEYS;/base = (g + 1) % p.nwg * KEYS;/
s/base = t.g \* CHUNK;/base = (t.g + 1) % p->nwg * CHUNK;/
