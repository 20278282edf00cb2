# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp
# A window keeps one key more.
s/n - p->sliding_window : 0/n - p->sliding_window - 1 : 0/
s/n - p.sliding_window : 0/n - p.sliding_window - 1 : 0/
