# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp flash_attn_vec_tq_hb_cpu_body.h
# Bits above codebook_bits belong to the index.
s/mask = (1u << p.*codebook_bits) - 1u\{0,1\}/mask = 255u/
s/mask = (1 << bits) - 1/mask = 255/
