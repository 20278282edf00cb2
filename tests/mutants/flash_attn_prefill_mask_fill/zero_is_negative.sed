# file: flash_attn_prefill_mask_fill.cl flash_attn_prefill_mask_fill.comp flash_attn_prefill_mask_fill_cpu.c
# Attended cells hold -0.
s/(ushort)0 :/(ushort)0x8000 :/
s/? 0u :/? 0x8000u :/
s/row\[k++\] = 0;/row[k++] = 0x8000;/
