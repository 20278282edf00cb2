# file: bench_copy_cpu.c
# Streams whole cache lines only.
/for (; i < n; i++) _mm_stream/d
