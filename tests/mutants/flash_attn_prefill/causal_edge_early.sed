# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_tile.h
# A query does not attend the key at its own position.
s/key > row + p\(->\|\.\)q_offset/key >= row + p\1q_offset/
s/open = lane >= vi_set1/open = lane > vi_set1/
s/j = own < 0 ? 0 : own + 1;/j = own < 0 ? 0 : own;/
