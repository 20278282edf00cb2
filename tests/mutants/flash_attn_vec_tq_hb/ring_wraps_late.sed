# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp
# The slots before the start of the ring are lost.
s/min(end - min(end, cap), n)/0/
