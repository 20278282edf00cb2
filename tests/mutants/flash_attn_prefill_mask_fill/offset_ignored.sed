# file: flash_attn_prefill_mask_fill.cl flash_attn_prefill_mask_fill.comp flash_attn_prefill_mask_fill_cpu.c
# Query row 0 is taken for position 0.
s/q + p\.q_abs_offset/q/
s/q + p->q_abs_offset/q/
