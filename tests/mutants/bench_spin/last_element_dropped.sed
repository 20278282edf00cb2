# file: bench_spin.cl bench_spin.comp bench_spin_cpu.c
# The last element keeps its poison; on the CPU that of every task.
s/i >= p.items/i + 1 >= p.items/
s/i = 0; i < n; i++) y/i = 0; i + 1 < n; i++) y/
