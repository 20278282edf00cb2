# file: flash_attn_prefill_mask_fill.comp
# The two cells of a 32-bit word are swapped.
s/cell(k, first, last) | cell(k + 1, first, last) << 16/cell(k + 1, first, last) | cell(k, first, last) << 16/
