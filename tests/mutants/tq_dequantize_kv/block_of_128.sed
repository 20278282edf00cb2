# file: tq_dequantize_kv.cl tq_dequantize_kv.comp
# Blocks of 128 coordinates.
s/min(c \/ 256/min(c \/ 128/
