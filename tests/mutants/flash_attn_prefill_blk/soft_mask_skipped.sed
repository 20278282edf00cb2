# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# A finite bias of -1e4 counts as blocked.
s/-1e30f/-9e3f/
s/v > -1e30 /v > -9e3 /
s/< 0xf14a/< 0xc60d/
