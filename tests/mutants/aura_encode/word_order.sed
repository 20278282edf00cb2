# file: aura_encode.cl aura_encode.comp
# Codes are packed from the high bits.
s/code << (d \* NBITS - first)/code << (31 - (d * NBITS - first))/
