# file: bench_read_cpu_body.h
# Words behind the last whole step are left out.
/for (; i < n; i++) y/d
