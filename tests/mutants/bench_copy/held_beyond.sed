# file: bench_copy.cl bench_copy.comp
# The last round of several groups goes one group too far.
s/p\.n - i > (HOLD - 1) \* stride/p.n - i > (HOLD - 2) * stride/
