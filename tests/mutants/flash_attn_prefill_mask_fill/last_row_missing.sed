# file: flash_attn_prefill_mask_fill.cl flash_attn_prefill_mask_fill.comp flash_attn_prefill_mask_fill_cpu.c
# The last row is left out; on the CPU that of each task.
s/q >= p\.seq_len_q/q + 1 >= p.seq_len_q/
s/q < end; q++/q + 1 < end; q++/
