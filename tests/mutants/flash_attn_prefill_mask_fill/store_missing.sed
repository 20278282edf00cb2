# file: flash_attn_prefill_mask_fill.cl flash_attn_prefill_mask_fill.comp flash_attn_prefill_mask_fill_cpu.c
# Nothing is written.
s/\*(__global ushort8 \*)(row + k) =/(void)/
s/row\[k\] = CELL(0);/;/
s/mask8\[base + i\] = uvec4/uvec4/
s/else mask\[base + i\] = T(/else T(/
s/row\[k++\] = .*;/k++;/
