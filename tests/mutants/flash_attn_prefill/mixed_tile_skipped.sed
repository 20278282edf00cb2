# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# Tiles of class 1 are skipped like those of class 0.
s/blk_row\[kb\] == 0/blk_row[kb] <= 1/
s/uint(blk\[blk_row + kb\]) == 0/uint(blk[blk_row + kb]) <= 1u/
s/blk\[kb\] == 0/blk[kb] <= 1/
