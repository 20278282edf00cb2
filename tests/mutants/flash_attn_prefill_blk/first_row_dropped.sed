# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# The first row of a tile is not read.
s/i = t; i < rows/i = t + BK; i < rows/
s/q = qt \* bq; q < row_end/q = qt * bq + 1; q < row_end/
