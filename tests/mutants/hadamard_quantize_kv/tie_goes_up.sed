# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp
# A coordinate on a boundary gets the index above it.
s/if (v > boundary/if (v >= boundary/
