# file: fwht.cl fwht.comp
# The sign of the next coordinate.
s/tq_signed(v, j)/tq_signed(v, (j + 1u) % DIM)/
