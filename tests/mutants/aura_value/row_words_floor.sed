# file: aura_value.cl aura_value.comp
# Rows begin at half words.
s/CODE_WORDS(p.dim, uint(BITS))/(p.dim * BITS \/ 32)/; s/CODE_WORDS(p.dim, (uint)BITS)/(p.dim * BITS \/ 32)/
