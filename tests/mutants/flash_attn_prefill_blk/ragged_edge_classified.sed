# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# A tile that the right edge cuts is skipped.
s/= ragged ? 1/= ragged ? 0/
s/tile\[whole\] = 1/tile[whole] = 0/
