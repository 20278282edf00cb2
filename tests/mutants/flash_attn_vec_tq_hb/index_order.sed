# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp
# The third and fourth index of a word are swapped.
s/codebook\[word >> 16 \& mask\], codebook\[word >> 24 \& mask\]/codebook[word >> 24 \& mask], codebook[word >> 16 \& mask]/
