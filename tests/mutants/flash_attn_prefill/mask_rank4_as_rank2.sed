# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# Every head reads the mask of the first.
s/p\(\.\|->\)mask == 2 ?/p\1mask == 3 ?/
