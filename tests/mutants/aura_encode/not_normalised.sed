# file: aura_encode.cl aura_encode.comp
# Rows are not scaled to length 1.
s/u\[r \* DIM_MAX + j\] \*= inverse/u[r * DIM_MAX + j] *= 1/
