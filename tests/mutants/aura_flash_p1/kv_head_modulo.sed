# file: aura_flash_p1.cl aura_flash_p1.comp
# Query heads share kv heads in turns.
s/h \/ (p.n_heads \/ p.n_kv_heads)/h % p.n_kv_heads/
