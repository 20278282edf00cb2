# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_vectors.h
# The output so far stays at the scale of the old maximum.
/\[r \* CO/s/ \*= f\(\[r\]\)*;/ *= 1.0f;/
s/ \* vf_set1(t->f\[i + e\]);/;/
