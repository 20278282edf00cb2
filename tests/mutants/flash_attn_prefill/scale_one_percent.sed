# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_tile.h flash_attn_prefill_cpu_body.h
# The scale is 1 % too large.
s/p\(\.\|->\)scale \* LOG2E/p\1scale * LOG2E * 1.01f/
