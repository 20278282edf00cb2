# file: tq_dequantize_kv.cl tq_dequantize_kv.comp tq_dequantize_kv_cpu_body.h
# 1 / 16 for every short vector.
s/1.0f\{0,1\} \/ sqrt(([a-z]*)p.head_dim)/0.0625f/; s/1.0 \/ sqrt(float(p.head_dim))/0.0625/; s/1.0f \/ sqrt((float)p.head_dim)/0.0625f/
s/1 \/ sqrtf((float)dim)/0.0625f/
