# file: tq_dequantize_kv.cl tq_dequantize_kv.comp tq_dequantize_kv_cpu_body.h
# The last load is left out.
s/c < p.head_dim; c += WG \* VEC/c + VEC < p.head_dim; c += WG * VEC/
s/i < n; i += VL/i + 1 < n; i += VL/
