# file: aura_encode.cl aura_encode.comp
# The last four inputs are not rotated.
s/j < p.dim; j += 4/j + 4 < p.dim; j += 4/
