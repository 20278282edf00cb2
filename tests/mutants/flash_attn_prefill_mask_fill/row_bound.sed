# file: flash_attn_prefill_mask_fill.cl flash_attn_prefill_mask_fill.comp
# One row too many is written where the grid has two axes.
# equivalent on vulkan: llvmpipe drops writes past the end of a binding
s/q >= p\.seq_len_q/q > p.seq_len_q/
