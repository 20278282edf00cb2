# file: flash_attn_prefill_mask_fill.cl flash_attn_prefill_mask_fill.comp flash_attn_prefill_mask_fill_cpu.c
# Blocked cells hold the most negative finite number.
s/0xff80/0xff7f/
