# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# The number next below -1e30 counts as open.
s/-1e30f/-1.01e30f/
s/v > -1e30 /v > -1.01e30 /
s/< 0xf14a/< 0xf14b/
