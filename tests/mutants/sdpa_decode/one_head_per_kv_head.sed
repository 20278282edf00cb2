# file: sdpa_decode.cl sdpa_decode.comp sdpa_decode_cpu_body.h
# Grouped heads are forgotten.
s|head / (p.n_heads / p.n_kv_heads)|min(head, p.n_kv_heads - 1)|
s|, kv = unit / blocks;|, kv = 0 * unit / blocks;|
