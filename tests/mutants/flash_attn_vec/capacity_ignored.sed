# file: flash_attn_vec.cl flash_attn_vec.comp flash_attn_vec_cpu_body.h flash_attn_vec_subgroup.comp
# Heads lie kv_seq_len rows apart.
s/\* p.kv_capacity/* p.kv_seq_len/
s/kv \* p->kv_capacity/kv * p->kv_seq_len/
