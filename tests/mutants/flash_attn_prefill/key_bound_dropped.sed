# file: flash_attn_prefill.cl flash_attn_prefill.comp
s/if (!align_K \&\& key >= p\(->\|\.\)seq_len_k) return/if (false \&\& key >= p\1seq_len_k) return/
