# file: aura_dequant_rotated.cl aura_dequant_rotated.comp
# The norm of the row before.
s/LOAD(norms, row)/LOAD(norms, max(row, 1u) - 1u)/
