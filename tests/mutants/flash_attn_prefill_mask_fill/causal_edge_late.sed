# file: flash_attn_prefill_mask_fill.cl flash_attn_prefill_mask_fill.comp flash_attn_prefill_mask_fill_cpu.c
# The key after the query's own position is attended.
s/position + 1\([ ,]\)/position + 2\1/
