# file: tq_dequantize_kv.cl tq_dequantize_kv.comp
# The factor of head dimension 512 for 256.
s/TQ_INV_SQRT_256/TQ_INV_SQRT_512/
