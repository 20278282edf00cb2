# file: flash_attn_prefill_mask_fill.cl flash_attn_prefill_mask_fill.comp flash_attn_prefill_mask_fill_cpu.c
# The last cell or group of a row is not written.
s/k < p\.seq_len_k;/k + VEC < p.seq_len_k;/
s/i < n; i += WG/i + 1 < n; i += WG/
s/while (k < n)/while (k + 1 < n)/
