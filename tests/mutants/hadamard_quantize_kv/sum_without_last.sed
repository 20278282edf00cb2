# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp hadamard_quantize_kv_cpu_body.h
# The last coordinate does not count for the norm.
s/sum += z \* z;/sum += j == 255 ? 0.0f : z * z;/
s/i < 256; i += 4 \* VL/i + 4 * VL < 256; i += 4 * VL/
