# file: bench_read.cl bench_read.comp
# Every row reads the first one.
s/base = row \* p\.n/base = 0/
