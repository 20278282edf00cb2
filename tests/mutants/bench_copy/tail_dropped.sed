# file: bench_copy_cpu.c
# The last task, which is shorter, is left out.
s/end \* chunk < p->n ? end \* chunk : p->n/end * chunk < p->n ? end * chunk : p->n \/ chunk * chunk/
