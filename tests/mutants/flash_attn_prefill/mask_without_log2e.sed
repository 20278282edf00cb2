# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_tile.h
# The mask is added as it is, in base-2 units.
s/fma(LOG2E, LOAD2/fma(1.0f, LOAD2/
s/x \* vf_set1(LOG2E)/x/
