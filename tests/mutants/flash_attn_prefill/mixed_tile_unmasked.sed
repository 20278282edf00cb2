# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# The mask is not applied to tiles of class 1.
s/blk\[kb\] != 2/blk[kb] == 0/
s/uint(blk\[qt \* nk + kb\]) != 2/uint(blk[qt * nk + kb]) == 0u/
s/!(blk && blk\[kb\] == 2)/!(blk \&\& blk[kb] >= 1)/
