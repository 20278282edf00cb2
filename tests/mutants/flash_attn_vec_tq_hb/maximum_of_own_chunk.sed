# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp
# The maximum starts anew in each chunk.
s/float top = m\[r\];/float top = NEG_BIG;/
