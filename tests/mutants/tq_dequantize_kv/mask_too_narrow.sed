# file: tq_dequantize_kv.cl tq_dequantize_kv.comp tq_dequantize_kv_cpu_body.h
# The highest bit of an index is lost.
s/mask = (1u << bits) - 1/mask = (1u << (bits - 1u)) - 1/
s/mask = (1 << bits) - 1/mask = (1 << (bits - 1)) - 1/
