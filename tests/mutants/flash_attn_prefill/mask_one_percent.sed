# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_tile.h
# The mask weighs 1 % too much.
s/fma(LOG2E, LOAD2/fma(1.01f * LOG2E, LOAD2/
s/x \* vf_set1(LOG2E)/x * vf_set1(1.01f * LOG2E)/
