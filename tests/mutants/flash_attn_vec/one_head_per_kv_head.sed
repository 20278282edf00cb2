# file: flash_attn_vec.cl flash_attn_vec.comp flash_attn_vec_cpu_body.h flash_attn_vec_subgroup.comp
# Grouped heads are forgotten.
s|head / (p.n_heads / p.n_kv_heads)|min(head, p.n_kv_heads - 1)|
s|, kv = unit / blocks, first|, kv = 0 * unit / blocks, first|
