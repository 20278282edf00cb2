# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# The last row of a tile is not read.
s/min((uint)BQ, p\.seq_len_q - row0)/& - 1/
s/min(uint(BQ), p\.seq_len_q - row0)/& - 1/
s/q < row_end/q < row_end - 1/
