# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp hadamard_quantize_kv_cpu_body.h
# The scale factor of the d512 entries is taken for 1.
s/p.scale_factor_d512)/1.0f)/
s/p->scale_factor_d512,/1,/
