# file: aura_flash_p1.cl aura_flash_p1.comp
# The last coordinate of the dot product is left out.
s/d < DIM; d++) dot/d + 1 < DIM; d++) dot/
