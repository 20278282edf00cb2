# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# Of the numbers below -1e30 only -inf counts as blocked.
s/-1e30f/-3.4e38f/
s/v > -1e30 /v > -3.4e38 /
s/< 0xf14a/< 0xff80/
