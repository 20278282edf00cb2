# file: sdpa.cl sdpa.comp sdpa_cpu_body.h
# Heads lie kv_seq_len rows apart.
s/(p.kv_capacity ? p.kv_capacity : p.kv_seq_len)/p.kv_seq_len/
s/(p.kv_capacity != 0 ? p.kv_capacity : p.kv_seq_len)/p.kv_seq_len/
s/capacity = p->kv_capacity ? p->kv_capacity : p->kv_seq_len/capacity = p->kv_seq_len/
