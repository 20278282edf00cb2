# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp
# The second half is scaled by the norm of the first.
s/: part\[b \* WG\]/: part[0]/
