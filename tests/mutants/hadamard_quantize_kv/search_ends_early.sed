# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp
# The search leaves the lowest bit of the index 0.
s/step > 0u\{0,1\}; step \/= 2/step > 1u; step \/= 2/
