# file: tq_dequantize_kv.cl tq_dequantize_kv.comp tq_dequantize_kv_cpu_body.h
# The odd coordinate is taken from the low nibble.
s/>> (i \* INDEX_BITS)/>> ((i ^ (NIBBLES == 1 ? 1u : 0u)) * INDEX_BITS)/
s/>> (c + i + l) % 2 \* 4/>> (c + i + l + 1) % 2 * 4/
