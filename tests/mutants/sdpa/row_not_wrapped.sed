# file: sdpa.cl sdpa.comp sdpa_cpu_body.h
# Rows of the second head of a group continue those of the first.
s/(r0 + t) % p.seq_len/min(r0 + t, p.seq_len - 1)/
s/(r0 + i) % p->seq_len/(r0 + i < p->seq_len ? r0 + i : p->seq_len - 1)/
