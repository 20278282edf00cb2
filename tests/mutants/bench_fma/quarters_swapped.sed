# file: bench_fma.cl bench_fma.comp
# Two vectors are stored in each other's place.
s/y\[i + n\] = a1/y[i + n] = a2/
