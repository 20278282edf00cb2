# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# Tiles are read from their second column on, one column into the next.
s/col0 + i % BK/col0 + i % BK + 1/
s/look(row + kt \* bk, bk)/look(row + kt * bk + 1, bk)/
