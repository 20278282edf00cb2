# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# Every class is written one place further, the last one past the end.
s/qt \* nk + kt\]/qt * nk + kt + 1]/
s/+ qt \* nk;/+ qt * nk + 1;/
