# file: aura_encode_cpu_body.h
# Rows are not scaled to length 1.
s/(r0 + r) \* dim + j) \* inverse/(r0 + r) * dim + j)/
