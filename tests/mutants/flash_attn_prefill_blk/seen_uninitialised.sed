# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# What was seen in the tile before, or whatever is there, counts too.
/if (t == 0) seen = 0;/d
/tile\[kt\] = 0;/d
