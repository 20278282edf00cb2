# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# Mask rows are taken for seq_len_q long.
s/\* p\.seq_len_k + col0/* p.seq_len_q + col0/
s/q \* p->seq_len_k/q * p->seq_len_q/
