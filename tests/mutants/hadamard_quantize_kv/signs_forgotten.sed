# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp hadamard_quantize_kv_cpu_body.h
# The vector is transformed without its signs.
s/tq_signed(\(src\[[a-z +]*\]\), j)/\1/
/tq_flip_signs(z, dim);/d
