# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# A tile that the lower edge cuts is read past the last row of the mask.
s/min((uint)BQ, p\.seq_len_q - row0)/(uint)BQ/
s/min(uint(BQ), p\.seq_len_q - row0)/uint(BQ)/
s/(qt + 1) \* bq < p->seq_len_q ? (qt + 1) \* bq : p->seq_len_q/(qt + 1) * bq/
