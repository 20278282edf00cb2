# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_tile.h
# A query attends one key of the future, if its tile is read.
s/key > row + p\(->\|\.\)q_offset/key > row + 1u + p\1q_offset/
s/(int32_t)(j - own)/(int32_t)(j - own - 1)/
