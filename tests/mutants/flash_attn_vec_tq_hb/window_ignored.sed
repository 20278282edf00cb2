# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp
# mask_type sliding keeps every key.
s/p->sliding_window < n/p->sliding_window > 0xFFFFFFu/
s/p.sliding_window < n/p.sliding_window > 0xFFFFFFu/
