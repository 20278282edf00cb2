# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# -0 is taken for a bias.
s/v != 0\.0f/as_uint(v) != 0u/
s/v != 0\.0 /floatBitsToUint(v) != 0 /
s/0x7fffu/0xffffu/
