# file: bench_copy.cl bench_copy.comp
# Each work item copies one group: what lies beyond the grid is lost.
s/i += stride) y/i += 0xffffffffu - i) y/
