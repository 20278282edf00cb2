# file: bench_read.cl bench_read.comp
# The tree starts one level low.
s/k = WG \/ 2; k/k = WG \/ 4; k/
