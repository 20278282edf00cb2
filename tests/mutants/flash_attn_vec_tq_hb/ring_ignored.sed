# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp
# Slots are taken for positions.
s/(p->ring_start + oldest)/oldest/
s/(p.ring_start + oldest)/oldest/
