# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp
# The last four or eight indices are not stored.
s/w < DIM \/ PER_WORD; w += WG/w + 1 < DIM \/ PER_WORD; w += WG/
