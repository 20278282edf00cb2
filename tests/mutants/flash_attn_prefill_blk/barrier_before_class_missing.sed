# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp
# The class is written before all cells have been looked at.
/atomic/{n;d}
