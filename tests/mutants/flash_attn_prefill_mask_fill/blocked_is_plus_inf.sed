# file: flash_attn_prefill_mask_fill.cl flash_attn_prefill_mask_fill.comp flash_attn_prefill_mask_fill_cpu.c
# Blocked cells hold +inf.
s/0xff80/0x7f80/
