# file: aura_score.cl aura_score.comp
# Rows begin at half words.
s/CODE_WORDS(p.dim, uint(BITS))/(p.dim * BITS \/ 32)/; s/CODE_WORDS(p.dim, (uint)BITS)/(p.dim * BITS \/ 32)/
