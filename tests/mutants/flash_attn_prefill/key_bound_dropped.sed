# file: flash_attn_prefill.cl flash_attn_prefill.comp
# Keys past the last one are attended: rows of zeros in a ragged tile.
s/if (!align_K && key >= p\(->\|\.\)seq_len_k) return/if (false \&\& key >= p\1seq_len_k) return/
