# file: tq_dequantize_kv.cl tq_dequantize_kv.comp tq_dequantize_kv_cpu_body.h
# A factor of 1.001.
s/index) \* scale;/index) * scale * 1.001f;/
s/\& mask) \* scale;/\& mask) * scale * 1.001f;/
