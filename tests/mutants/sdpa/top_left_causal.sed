# file: sdpa.cl sdpa.comp sdpa_cpu_body.h
# Query 0 is at position 0.
s/own = p.kv_seq_len - p.seq_len + /own = /
s/own = (int64_t)p->kv_seq_len - p->seq_len + /own = /
