# file: sdpa_decode.cl sdpa_decode.comp sdpa_decode_cpu_body.h
# Rows behind the last key, which hold NaN, are attended.
s/0, p.kv_seq_len, d/0, p.kv_capacity, d/
s/n = p->kv_seq_len, key/n = p->kv_capacity, key/
