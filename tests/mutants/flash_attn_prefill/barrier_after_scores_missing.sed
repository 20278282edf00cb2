# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl
# V overwrites K, and maxima are read, before all scores are done.
/barrier(.*K has been used/d
