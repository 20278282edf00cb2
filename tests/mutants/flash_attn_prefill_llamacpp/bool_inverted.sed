# file: flash_attn_prefill_llamacpp.cl flash_attn_prefill_llamacpp.comp flash_attn_prefill_llamacpp_cpu_body.h
# True blocks.
s/+ key\] == 0) score/+ key] != 0) score/
s/p.seq_len_k + key\]) == 0)/p.seq_len_k + key]) != 0)/
s/row\[j\] ? s\[j\] : -INFINITY/row[j] ? -INFINITY : s[j]/
