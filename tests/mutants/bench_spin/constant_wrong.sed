# file: bench_spin.cl bench_spin.comp bench_spin_cpu.c
# Another generator.
s/1013904223u/1013904224u/
