# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp hadamard_quantize_kv_cpu_body.h
# The probe shows the values before they are scaled.
s/\(probe\[.*\] =\) v;/\1 x[j];/
/vf_store_f32(z + i, v);/d
