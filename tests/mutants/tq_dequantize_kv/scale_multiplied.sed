# file: tq_dequantize_kv.cl tq_dequantize_kv.comp tq_dequantize_kv_cpu_body.h
# The norm is multiplied by the scale factor.
s/\] \/ p.scale_factor_d512/] * p.scale_factor_d512/
s/\] \/ p->scale_factor_d512/] * p->scale_factor_d512/
