# file: flash_attn_prefill.cl flash_attn_prefill.comp
s/key > row + p\(->\|\.\)q_offset/key > row + 1u + p\1q_offset/
