# file: tq_dequantize_kv.cl tq_dequantize_kv.comp tq_dequantize_kv_cpu_body.h
# Every block has the first one's norm.
s/min(c \/ 256u\{0,1\}, p.norms_per_pos - 1u\{0,1\})/0/
s/c \/ 256 < blocks ? c \/ 256 : blocks - 1/0/
