# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# The running maximum starts at 0: weights of rows with low scores vanish.
s/m\[r\] = NEG_BIG/m[r] = 0/
s/m\[i\] = NEG_BIG/m[i] = 0/
s/float top = NEG_BIG/float top = 0/
