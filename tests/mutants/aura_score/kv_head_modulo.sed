# file: aura_score.cl aura_score.comp
# Query heads share kv heads in turns.
s/h \/ (p.n_heads \/ p.n_kv_heads)/h % p.n_kv_heads/
