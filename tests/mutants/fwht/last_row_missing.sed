# file: fwht.cl fwht.comp fwht_cpu_body.h
# The last row is not transformed.
s/row < p.num_heads/row + 1 < p.num_heads/
s/r < end/r + 1 < end/
