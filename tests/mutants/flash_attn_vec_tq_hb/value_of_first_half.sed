# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp
# Values of the second half have the first one's factor.
s/BLOCKS + u \/ 64\]/BLOCKS]/
