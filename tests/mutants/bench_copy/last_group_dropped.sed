# file: bench_copy.cl bench_copy.comp
# The last group of 16 bytes is not copied.
s/i < p\.n; i/i + 1 < p.n; i/
