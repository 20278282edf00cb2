# file: flash_attn_prefill.cl flash_attn_prefill.comp
s/h \/ (p\.n_heads \/ p\.n_kv_heads)/h % p.n_kv_heads + (p.n_kv_heads == 1u \&\& h > 0u ? 0u : 0u)/
