# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp flash_attn_vec_tq_hb_cpu_body.h
# The second half has the first one's norm.
s/slot \* BLOCKS + b\]/slot * BLOCKS]/
s/(first + slot) \* BLOCKS + b\]/(first + slot) * BLOCKS]/
s/c.norm\[slot \* (dim \/ 256) + b\]/c.norm[slot * (dim \/ 256)]/
