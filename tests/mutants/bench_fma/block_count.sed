# file: bench_fma.cl bench_fma.comp
# A block is taken to be smaller than it is.
s/p\.blocks \* 12/p.blocks * 11/
