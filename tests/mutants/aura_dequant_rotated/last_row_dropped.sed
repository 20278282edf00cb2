# file: aura_dequant_rotated.cl aura_dequant_rotated.comp
# The last row is not written.
s/row >= p.heads \* p.tokens/row + 1 >= p.heads * p.tokens/
