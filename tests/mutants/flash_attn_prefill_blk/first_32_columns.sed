# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# Only the first 32 columns of a tile are read, as upstream does.
s/^\( *\)const float v = LOAD/\1if (i % BK >= 32) continue;\n&/
s/look(row + kt \* bk, bk)/look(row + kt * bk, bk < 32 ? bk : 32)/
