# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# The last key of a ragged tile is not attended.
s/key >= p\(->\|\.\)seq_len_k) return/key + 1u >= p\1seq_len_k) return/
s/t\.keys = least(bk, kl - t\.k0);/t.keys = kl - t.k0 < bk ? kl - t.k0 - 1 : bk;/
