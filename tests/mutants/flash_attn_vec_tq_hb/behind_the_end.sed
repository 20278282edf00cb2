# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp
# The run of slots is not cut at kv_seq_len.
s/min(min(end, cap), n)/min(end, cap) + 1/
