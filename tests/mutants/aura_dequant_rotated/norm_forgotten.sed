# file: aura_dequant_rotated.cl aura_dequant_rotated.comp
# The norm is not applied.
s/ \* norm)$/)/
