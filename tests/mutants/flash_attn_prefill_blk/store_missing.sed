# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# Nothing is written.
s/^    if (t == 0) blk\[/    if (p.seq_len_q == 0) blk[/
/blk\[qt \* nk + kt\] = /d
s/uint8_t \*tile = .*;/uint8_t nowhere[4096], *tile = nowhere;/
