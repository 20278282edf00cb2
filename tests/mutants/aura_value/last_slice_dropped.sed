# file: aura_value.cl aura_value.comp
# The last slice's sum is left out.
s/k < SLICES; k++/k + 1 < SLICES; k++/
