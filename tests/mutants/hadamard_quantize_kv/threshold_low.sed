# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp hadamard_quantize_kv_cpu_body.h
# Vectors of norm 1e-11 do not count as zero.
s/norm > 1e-10/norm > 1e-11/
