# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# The number next above -1e30 counts as blocked.
s/-1e30f/-9.9e29f/
s/v > -1e30 /v > -9.9e29 /
s/< 0xf14a/< 0xf149/
