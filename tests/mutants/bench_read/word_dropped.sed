# file: bench_read.cl bench_read.comp
# One of four words is left out.
s/ ^ v\.w;/;/
