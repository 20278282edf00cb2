# file: sdpa.cl sdpa.comp sdpa_cpu_body.h
s/if (r >= rows || 4/if (r + 1 >= max(rows, 2u) || 4/
s/if (r < rows \&\& 4/if (r + 1 < max(rows, 2u) \&\& 4/
s/for (int64_t i = 0; i < t->rows; i++) {/for (int64_t i = 0; i + (t->rows > 1) < t->rows; i++) {/
