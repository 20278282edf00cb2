# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp hadamard_quantize_kv_cpu_body.h
# The transform is not normalised: the norm is too large.
s/ \* TQ_INV_SQRT;/;/
s/ \* tq_inv_sqrt;/;/
s/tq_inv_sqrt(dim)/1/
