# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp
# Query heads take the key/value heads in turn.
s/head \/ (p.n_heads \/ p.n_kv_heads) \*/head % p.n_kv_heads */
