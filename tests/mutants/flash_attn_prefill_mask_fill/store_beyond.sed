# file: flash_attn_prefill_mask_fill.cl flash_attn_prefill_mask_fill.comp flash_attn_prefill_mask_fill_cpu.c
# One cell or group past the end of a row is written too: past the end of the mask in the last row.
# equivalent on vulkan: llvmpipe drops writes past the end of a binding, and the next row mostly overwrites the others
s/k < p\.seq_len_k; k +=/k <= p.seq_len_k; k +=/
s/i < n; i += WG/i <= n; i += WG/
s/while (k < n)/while (k <= n)/
