# file: flash_attn_prefill_mask_fill.cl flash_attn_prefill_mask_fill.comp flash_attn_prefill_mask_fill_cpu.c
# The window holds one key less.
s/n_swa + 1/n_swa + 2/
