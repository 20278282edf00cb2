# file: aura_value.cl aura_value.comp
# Query heads share kv heads in turns.
s/h \/ (p.n_heads \/ p.n_kv_heads)/h % p.n_kv_heads/
