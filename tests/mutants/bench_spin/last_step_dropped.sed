# file: bench_spin.cl bench_spin.comp bench_spin_cpu.c
# One step is lost.
s/s = 0; s < p/s = 1; s < p/
