# file: flash_attn_prefill.cl flash_attn_prefill.comp
s/nk = (p\.seq_len_k + BK - 1) \/ BK/nk = p.seq_len_k \/ BK/
