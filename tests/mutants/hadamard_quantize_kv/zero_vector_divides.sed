# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp hadamard_quantize_kv_cpu_body.h
# A zero vector is divided by its norm.
s/norm > 1e-10f\{0,1\} ?/norm >= 0 ?/
