# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp
# A chunk that the run of slots enters is skipped.
s/base + KEYS <= s.lo0/base < s.lo0/
