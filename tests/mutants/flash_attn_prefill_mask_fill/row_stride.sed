# file: flash_attn_prefill_mask_fill.cl flash_attn_prefill_mask_fill.comp flash_attn_prefill_mask_fill_cpu.c
# Rows are taken for seq_len_q long.
s/(size_t)q \* p\.seq_len_k/(size_t)q * p.seq_len_q/
s/base = q \* n/base = q * (p.seq_len_q \/ VEC)/
s/a->buf\[T_MASK\] + q \* n/a->buf[T_MASK] + q * p->seq_len_q/
