# file: sdpa_decode.cl sdpa_decode.comp sdpa_decode_cpu_body.h
# Heads lie kv_seq_len rows apart.
s/\* p.kv_capacity/* p.kv_seq_len/
s/(int64_t)p->kv_capacity/(int64_t)p->kv_seq_len/
