# file: flash_attn_vec.cl flash_attn_vec.comp flash_attn_vec_cpu_body.h flash_attn_vec_subgroup.comp
s/n - p.sliding_window : 0/n - p.sliding_window + 1 : 0/
s/n - window : 0/n - window + 1 : 0/
