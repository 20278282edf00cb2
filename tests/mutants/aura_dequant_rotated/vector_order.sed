# file: aura_dequant_rotated.cl aura_dequant_rotated.comp
# Two of four coordinates change places.
s/NUMBER(d + 1), NUMBER(d + 2)/NUMBER(d + 2), NUMBER(d + 1)/
