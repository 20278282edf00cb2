# file: aura_encode.cl aura_encode.comp
# Sums leave out every second partial sum.
s/k > 0; k \/= 2/k > 1; k \/= 2/
