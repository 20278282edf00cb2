# file: aura_dequant_rotated.cl aura_dequant_rotated.comp
# Rows begin at half words.
s/CODE_WORDS(p.dim, uint(BITS))/(p.dim * BITS \/ 32)/; s/CODE_WORDS(p.dim, (uint)BITS)/(p.dim * BITS \/ 32)/
