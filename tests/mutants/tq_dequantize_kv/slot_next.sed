# file: tq_dequantize_kv.cl tq_dequantize_kv.comp tq_dequantize_kv_cpu_body.h
# The slot after read_pos is read, or the one before at the end.
s/+ p.read_pos;/+ (p.read_pos ^ 1);/
s/+ p->read_pos;/+ (p->read_pos ^ 1);/
