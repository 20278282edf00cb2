# file: tq_dequantize_kv.cl tq_dequantize_kv.comp tq_dequantize_kv_cpu_body.h
# One load too many, where there is room for one.
# equivalent on vulkan: a write beyond the binding is cut off
s/c < p.head_dim; c += WG \* VEC/c <= p.head_dim; c += WG * VEC/
s/if (part == VL) vf_store_f32/if (part > 0) vf_store_f32/
