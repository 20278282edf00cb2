# file: bench_read.cl bench_read.comp
# The last group of a row is left out.
s/i < p\.n; i/i + 1 < p.n; i/
