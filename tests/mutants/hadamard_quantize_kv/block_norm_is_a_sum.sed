# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp hadamard_quantize_kv_cpu_body.h
# The norm of a half is no mean.
s/part\[b \* WG\] \/ 256.0f\{0,1\}/part[b * WG]/
s/sum : sum \/ 256/sum : sum/
