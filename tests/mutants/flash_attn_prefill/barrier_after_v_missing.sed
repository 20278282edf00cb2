# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl
# The product reads V and weights before all are there.
/barrier(.*V and prob are there/d
