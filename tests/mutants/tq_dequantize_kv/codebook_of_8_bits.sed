# file: tq_dequantize_kv.cl tq_dequantize_kv.comp tq_dequantize_kv_cpu_body.h
# hb indices are looked up in the codebook of 8 bits.
s/TQ_CENTROID(tq_centroid, bits, index)/TQ_CENTROID(tq_centroid, (bits == 4u ? 4u : 8u), index)/
s/tq_decode(bits, /tq_decode(bits == 4 ? 4 : 8, /
