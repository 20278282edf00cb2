# file: flash_attn_prefill_mask_fill.cl
# One row too many is written where the grid has two axes.
s/q >= p\.seq_len_q/q > p.seq_len_q/
