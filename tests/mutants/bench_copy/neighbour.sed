# file: bench_copy.cl bench_copy.comp
# Takes the group of the neighbour.
s/y\[i\] = x\[i\]/y[i] = x[i ^ 1u]/
