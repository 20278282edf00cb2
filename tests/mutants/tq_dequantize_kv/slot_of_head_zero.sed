# file: tq_dequantize_kv.cl tq_dequantize_kv.comp tq_dequantize_kv_cpu_body.h
# Every head reads the slot of head 0.
s/h \* p.cache_capacity +/0 */; s/0 \* p.read_pos/p.read_pos/
s/h \* p->cache_capacity + /0 * h + /
