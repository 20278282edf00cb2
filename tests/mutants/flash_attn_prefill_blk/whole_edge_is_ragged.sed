# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp
# A tile that ends at the right edge counts as cut.
s/col0 + BK > p/col0 + BK >= p/
