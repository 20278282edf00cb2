# file: tq_dequantize_kv.cl tq_dequantize_kv_cpu_body.h
# One load too many, where there is room for one.  Not for Vulkan: robust buffer access drops the stores past the binding.
s/c < p.head_dim; c += WG \* VEC/c <= p.head_dim; c += WG * VEC/
s/if (part == VL) vf_store_f32/if (part > 0) vf_store_f32/
