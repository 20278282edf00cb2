# file: bench_fma.cl bench_fma.comp
# The last vector stays where it began.
s/a3 = \(mad\|fma\)(a3, m, c);//
