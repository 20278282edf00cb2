# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# 0 and 2 change places.
s/\(SEEN_OPEN)\( == 0\)\?\) ? 0 :\(.*\) ? 2 : 1/\1 ? 2 :\3 ? 0 : 1/
