# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp
# Every codebook is that of 8 bits.
s/TQ_CENTROID(tq_centroid, p.codebook_bits, i)/TQ_CENTROID(tq_centroid, 8u, i)/
