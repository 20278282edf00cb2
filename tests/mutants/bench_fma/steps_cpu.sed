# file: bench_fma_cpu_body.h
# One step too few.
s/step < p->rounds \* STEPS/step + 1 < p->rounds * STEPS/
