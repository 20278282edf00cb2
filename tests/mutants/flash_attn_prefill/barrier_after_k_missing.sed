# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl
# Scores are computed before all of K, and of Q the first time, is there.
/barrier(.*K and, the first time/d
