# file: bench_read_cpu_body.h
# One chain is forgotten.
s/ ^ acc\[7\]//
