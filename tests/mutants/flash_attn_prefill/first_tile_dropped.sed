# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# The first key tile is left out.
s/kb = next_tile(0,/kb = next_tile(1,/
s/int64_t kb = 0; kb \* bk/int64_t kb = 1; kb * bk/
