# file: bench_fma.cl bench_fma.comp
# One round too few.
s/r < p\.rounds/r + 1 < p.rounds/
