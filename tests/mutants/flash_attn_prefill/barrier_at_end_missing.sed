# file: flash_attn_prefill.cl flash_attn_prefill.comp
/barrier(.*and have been used/d
