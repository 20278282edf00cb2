# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# Keys past the last one are attended: rows of zeros in a ragged tile; on the CPU what follows in memory.
s/if (!align_K && key >= p\(->\|\.\)seq_len_k) return/if (false \&\& key >= p\1seq_len_k) return/
s/t\.keys = least(bk, kl - t\.k0);/t.keys = bk;/
