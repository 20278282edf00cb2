# file: tq_dequantize_kv.cl tq_dequantize_kv.comp tq_dequantize_kv_cpu_body.h
# The block of the norm is not held below norms_per_pos.
s/min(c \/ 256u\{0,1\}, p.norms_per_pos - 1u\{0,1\})/c \/ 256/
s/c \/ 256 < blocks ? c \/ 256 : blocks - 1/c \/ 256/
