# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# The last tile of a row is not written; on the CPU the last whole one keeps its marks.
s/^    if (t == 0) blk/    if (t == 0 \&\& kt + 1 < nk) blk/
s/^    if (t == 0) {/    if (t == 0 \&\& kt + 1 < nk) {/
/for (uint32_t kt = 0; kt < whole; kt++)$/s/kt < whole/kt + 1 < whole/
