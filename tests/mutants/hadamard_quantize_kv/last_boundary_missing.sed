# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp
# The last boundary is not in local memory.
s/i + 1u\{0,1\} < 1u << bits/i + 2 < 1u << bits/
