# file: aura_encode.cl aura_encode.comp
# The rotation is applied backwards.
s/(d \* p.dim + j) \/ 4/(j * p.dim + d) \/ 4/
