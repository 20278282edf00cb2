# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp flash_attn_vec_tq_hb_cpu_body.h
# Groups take every chunk from their first on.
s/base += p.nwg \* KEYS/base += KEYS/
s/base += (int64_t)p->nwg \* CHUNK/base += CHUNK/
