# file: flash_attn_prefill_mask_fill.cl flash_attn_prefill_mask_fill.comp flash_attn_prefill_mask_fill_cpu.c
# The query's own position is blocked.
s/position + 1\([ ,]\)/position\1/
