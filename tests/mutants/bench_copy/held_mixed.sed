# file: bench_copy.cl bench_copy.comp
# What was read first is written to all places.
s/= v\[k\]/= v[0]/
