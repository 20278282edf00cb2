# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# The lower right corner of a tile is not read; on the CPU the last column.
s/i < rows \* BK /i < rows * BK - 1 /
s/look(row + kt \* bk, bk)/look(row + kt * bk, bk - 1)/
