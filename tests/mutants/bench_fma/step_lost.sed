# file: bench_fma.cl bench_fma.comp
# Seven steps per round instead of eight.
s/{ STEP STEP/{ STEP/
